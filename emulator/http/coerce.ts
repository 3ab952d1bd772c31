import { z } from "zod";

/**
 * What Dokploy's REST adapter does to input before it is checked (`coerceSchema` of `@dokploy/trpc-openapi`): a missing
 * required boolean becomes false, the string "false" becomes true, "12" becomes 12. Strings and enums are left alone.
 */
export function coerce(schema: z.ZodType, value: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return value === undefined ? value : coerce(schema.unwrap() as z.ZodType, value);
  }
  if (schema instanceof z.ZodNullable) return value === null ? value : coerce(schema.unwrap() as z.ZodType, value);
  if (schema instanceof z.ZodNonOptional) return coerce(schema.unwrap() as z.ZodType, value);
  if (schema instanceof z.ZodBoolean) return Boolean(value);
  if (schema instanceof z.ZodNumber) return Number(value);
  if (schema instanceof z.ZodObject && isRecord(value)) {
    const coerced = Object.entries(schema.shape).map(([key, field]) => [key, coerce(field as z.ZodType, value[key])]);
    return { ...value, ...Object.fromEntries(coerced.filter(([, field]) => field !== undefined)) };
  }
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
