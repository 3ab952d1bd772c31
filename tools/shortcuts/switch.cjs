// The one switch: `DOCKMASTER_SHORTCUTS=off` turns off everything in this folder.

/**
 * Whether the shortcuts are taken in processes with this environment.
 * @param {Record<string, string | undefined>} [env]
 * @returns {boolean}
 */
exports.takesShortcuts = (env = process.env) => env.DOCKMASTER_SHORTCUTS !== "off";
