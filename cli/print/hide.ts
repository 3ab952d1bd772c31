import { createMask } from "../../text/mask/mask.ts";

const mask = createMask(() => [], { shortest: 6, mark: "[secret]" });

/** A text without what signs in in its addresses: users with passwords are left out, parameters like `password` are hidden. */
export function hideSignIns(text: string): string {
  return mask(text).replaceAll("://[secret]@", "://");
}
