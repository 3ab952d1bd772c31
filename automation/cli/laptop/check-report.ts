import { z } from "zod";

/** What `node stacks/check.ts <stack> --json` prints. */
export const checkReport = z.object({
  stack: z.string(),
  ok: z.boolean(),
  problems: z.array(
    z.object({
      file: z.string(),
      line: z.number().optional(),
      column: z.number().optional(),
      message: z.string(),
      hint: z.string(),
    }),
  ),
  notes: z.array(z.string()),
  services: z.array(z.string()),
});

/** What is right and wrong with one stack. */
export type CheckReport = z.output<typeof checkReport>;
