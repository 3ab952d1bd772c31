/** As much of a Compose file as Dokploy looks at; everything else passes through untouched. */
export interface ComposeDocument {
  services?: Record<string, ComposeService>;
  networks?: Record<string, unknown>;
  volumes?: Record<string, unknown>;
  configs?: Record<string, unknown>;
  secrets?: Record<string, unknown>;
}

export type Names = string[] | Record<string, unknown>;

export interface ComposeService {
  container_name?: string;
  labels?: Names;
  deploy?: { labels?: Names };
  networks?: Names;
  depends_on?: Names;
  volumes?: (string | { type?: string; source?: string })[];
  configs?: (string | { source?: string })[];
  secrets?: (string | { source?: string })[];
  links?: string[];
  volumes_from?: string[];
  extends?: string | { service?: string };
}
