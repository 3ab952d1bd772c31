import { VaultError } from "../vault/api/errors.ts";
import { halfLife, lifeOf } from "../vault/api/secret-id-life.ts";
import { type LeftSecret, observeSecret, observeSignIn, parseSignInId } from "../vault/observe.ts";
import type { AtVault } from "./connections.ts";
import { differingParts } from "./differing-parts.ts";
import type { Looked } from "./left.ts";
import { nameOf, type View } from "./view.ts";

/** Asks Vault for versions and sign-ins, never for a value. A token that has ended is got anew, once. */
export async function lookAtSecret(left: LeftSecret, view: View): Promise<Looked> {
  try {
    return await lookWith(view.vault(), left, view);
  } catch (error) {
    if (!(error instanceof VaultError && error.code === "vault_denied")) throw error;
    return lookWith(view.vault(error), left, view);
  }
}

async function lookWith({ vault, address }: AtVault, left: LeftSecret, view: View): Promise<Looked> {
  const found = { type: left.type, name: nameOf(left), starting: false };
  const { key } = view.place();
  if (address !== left.address) {
    throw new VaultError(
      "config_invalid",
      `what was left is in the Vault at ${left.address}, but VAULT_ADDR is ${address}`,
      "",
    );
  }
  const signIn = parseSignInId(left.id);
  if (signIn === undefined) {
    if (!left.id.includes("/data/")) return { ...compared(found, []), is: "unknown", why: "nobody knows what this is" };
    const state = await vault.readState(left.id);
    if (state === undefined) return { ...compared(found, []), is: "gone" };
    return compared(found, differingParts(left.parts, observeSecret(left.id, state, key)));
  }
  const { mount, role, accessor } = signIn;
  const [roleId = "", secretId] = await Promise.all([
    vault.readRoleId(mount, role),
    vault.lookUpSecretId(mount, role, accessor),
  ]);
  const parts = observeSignIn(left.id, { roleId, accessor: secretId ? accessor : "" }, key);
  const differs = differingParts(left.parts, parts);
  const life = lifeOf(secretId?.metadata);
  if (differs.length === 0 && life && life.half !== halfLife(life.ttl, Date.now())) {
    // Nobody changed it: the next update makes a new one, and until then it works.
    return {
      ...compared(found, []),
      is: "unknown",
      why: `the secret id of ${left.service} is to be renewed by an update`,
    };
  }
  return compared(found, differs);
}

function compared(found: Pick<Looked, "type" | "name" | "starting">, differs: string[]): Looked {
  return { ...found, is: differs.length > 0 ? "other" : "left", differs, containers: [] };
}
