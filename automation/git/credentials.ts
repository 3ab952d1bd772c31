/** One setting of git's: key and value. */
type Setting = [key: string, value: string];

/** What git is told through its environment: words of a command can be read by every process of the machine (`/proc/<pid>/cmdline`). */
export interface Handed {
  settings: Setting[];
  env: Record<string, string>;
}

/**
 * Answers git's question for a sign-in from the environment. It knows no other question: nothing is kept on disk, nothing forgotten.
 * https://git-scm.com/docs/gitcredentials#_custom_helpers
 */
const HELPER =
  '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$DOCKMASTER_GIT_USER" "$DOCKMASTER_GIT_PASSWORD"; }; f';

interface Address {
  /** Without the sign-in. */
  clean: string;
  /** Scheme, host and port. */
  origin: string;
  user: string;
  /** Undefined when only a name stands there. */
  password: string | undefined;
}

/** An http(s) address with a sign-in in it; undefined for all else. Throws when no git could take the sign-in. */
function readAddress(text: string): Address | undefined {
  const found = /^(https?:\/\/)([^/?#@]*(?:@[^/?#@]*)*)@([^/?#@]+)(.*)$/is.exec(text);
  if (!found) return undefined;
  const [, scheme = "", signIn = "", host = "", rest = ""] = found;
  const colon = signIn.indexOf(":");
  const [user, password] = colon < 0 ? [signIn] : [signIn.slice(0, colon), signIn.slice(colon + 1)];
  return {
    clean: `${scheme}${host}${rest}`,
    origin: `${scheme}${host}`.toLowerCase(),
    user: decode(user),
    password: password === undefined ? undefined : decode(password),
  };
}

function decode(text: string): string {
  let decoded = text;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    // Not encoded: it is meant as it stands.
  }
  if (/[\0\r\n]/.test(decoded)) throw new Error("the sign-in in the address of the Git repository holds a line end");
  return decoded;
}

/** The sign-in goes to this server alone: git asks again for another one that it is sent on to, and is told nothing. */
function signInAt({ origin, user, password }: Address): Handed {
  const at = `credential.${origin}`;
  if (password === undefined) return { settings: [[`${at}.username`, user]], env: {} };
  return {
    // The empty one takes away those before it, which might keep the password.
    settings: [
      [`${at}.helper`, ""],
      [`${at}.helper`, HELPER],
    ],
    env: { DOCKMASTER_GIT_USER: user, DOCKMASTER_GIT_PASSWORD: password },
  };
}

/** A command's words without the sign-in of an address among them, and what hands that over instead. Pure. */
export function hideCredentials(words: readonly string[]): { words: string[] } & Handed {
  const handed: Handed = { settings: [], env: {} };
  const clean = words.map((word) => {
    const address = readAddress(word);
    if (!address) return word;
    const { settings, env } = signInAt(address);
    handed.settings.push(...settings);
    Object.assign(handed.env, env);
    return address.clean;
  });
  return { words: clean, ...handed };
}

/**
 * The same for a remote of a clone, which git knows by its name: `urls` is each form of its addresses, as the config has them and as
 * git uses them. The longest of all replacements counts, so that one of the user's own does not bring the sign-in back. Pure.
 */
export function hideRemote(urls: readonly string[]): Handed {
  const addresses = urls.map(readAddress).filter((address) => address !== undefined);
  const [first] = addresses;
  if (first === undefined) return { settings: [], env: {} };
  const forms = [...new Set([...urls, ...addresses.map(({ clean }) => clean)])];
  const settings = forms.flatMap((form): Setting[] => {
    const clean = readAddress(form)?.clean ?? addresses.find((address) => address.clean === form)?.clean ?? first.clean;
    return [
      [`url.${clean}.insteadOf`, form],
      [`url.${clean}.pushInsteadOf`, form],
    ];
  });
  const { settings: signIn, env } = signInAt(first);
  return { settings: [...settings, ...signIn], env };
}

/** The environment that hands settings to git. https://git-scm.com/docs/git-config#ENVIRONMENT */
export function toEnvironment({ settings, env }: Handed): Record<string, string> {
  if (settings.length === 0) return env;
  const numbered = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { ...env, GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(numbered) };
}
