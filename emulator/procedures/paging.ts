import { z } from "zod";

/** `limit` and `offset` of the three searches; nothing else in Dokploy is paginated. */
export const paging = {
  limit: z.number().min(1).max(100).default(20),
  offset: z.number().min(0).default(0),
};

export interface Page<T> {
  items: T[];
  total: number;
}

export function page<T>(rows: T[], { limit, offset }: { limit: number; offset: number }): Page<T> {
  return { items: rows.slice(offset, offset + limit), total: rows.length };
}

/** True when `part` is left out or `text` holds it, whatever the case. */
export function holds(text: string | null, part: string | undefined): boolean {
  return part === undefined || part === "" || (text ?? "").toLowerCase().includes(part.toLowerCase());
}
