/** What a creation does to a service that Dokploy has already. */
export interface TakenOver {
  /** Keys that differ; undefined while a preview cannot know them. */
  differs?: string[];
  /** Whether its containers are deployed again. */
  deploys: boolean;
  /** It was never deployed to the end: a creation of ours was cut off. */
  unfinished?: true;
}

export interface NamedTakeOver extends TakenOver {
  service: string;
}

const TAKES = /^(\S+): takes over compose .* \([^()]*\), changes (.*?)( and deploys it)?$/;
const GOES_ON = /^(\S+): goes on with compose .* \([^()]*\), which was never deployed to the end$/;

/** What the provider says of services that it finds, line by line (components/dokploy/adoption.ts); nothing for any other text. */
export function parseTakenOver(message: string): NamedTakeOver[] {
  return message.split("\n").flatMap((text): NamedTakeOver[] => {
    const line = text.trim();
    const [, begun] = GOES_ON.exec(line) ?? [];
    if (begun !== undefined) return [{ service: begun, deploys: true, unfinished: true }];
    const [, service, what = "", deploys] = TAKES.exec(line) ?? [];
    if (service === undefined) return [];
    return [{ service, ...toDiffers(what), deploys: deploys !== undefined }];
  });
}

function toDiffers(what: string): Pick<TakenOver, "differs"> {
  if (what === "what is known only during the update") return {};
  return { differs: what === "only the description" ? [] : what.split(", ") };
}
