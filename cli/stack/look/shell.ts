/**
 * Variables of a shell that tell of the terminal and of who sits at it, and of which no program makes anything. All others count: one
 * more or less means that an engine is asked.
 */
const OF_THE_TERMINAL =
  /^(_|PWD|OLDPWD|SHLVL|TERM.*|COLORTERM|COLUMNS|LINES|WINDOWID|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|SSH_.*|XDG_SESSION_.*|XDG_VTNR|DBUS_.*|GPG_TTY|TMUX.*|STY|VSCODE_.*|ITERM_.*|LC_TERMINAL.*|NO_COLOR|FORCE_COLOR|LS_COLORS|npm_.*|INIT_CWD|HISTFILE|PS1|SECURITYSESSIONID|NODE_COMPILE_CACHE)$/;

/** What of a shell's environment has a say in what an engine and its program do. Pure. */
export function toldByShell(env: NodeJS.ProcessEnv): Record<string, string> {
  const told = Object.entries(env).filter(([name, value]) => value !== undefined && !OF_THE_TERMINAL.test(name));
  return Object.fromEntries(told) as Record<string, string>;
}
