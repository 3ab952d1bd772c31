import { takesShortcuts } from "./switch.cjs";

const PRELOAD = new URL("./preload.cjs", import.meta.url).pathname;

/**
 * What Node processes that the engine starts get beside their environment: the preload, after the options that were given, and a folder
 * for code that was compiled once. Nothing where the shortcuts are off.
 * @param {Record<string, string | undefined>} env
 * @param {string} [compiled] the folder; default: the one that `env` names, or none
 * @returns {Record<string, string>}
 */
export function shortcutEnvironment(env, compiled = env.NODE_COMPILE_CACHE) {
  if (!takesShortcuts(env)) return {};
  const options = `${env.NODE_OPTIONS ?? ""} --require ${JSON.stringify(PRELOAD)}`.trim();
  return { NODE_OPTIONS: options, ...(compiled ? { NODE_COMPILE_CACHE: compiled } : {}) };
}
