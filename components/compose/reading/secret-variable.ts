/** The variable of a secret's value when nobody names one: `postgres_password` → `POSTGRES_PASSWORD`. */
export function variableFor(secret: string): string {
  return secret.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");
}
