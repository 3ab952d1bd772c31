// The engine runs its plugins in process groups of their own, and does not end them when it is killed or when it gives up
// early (a passphrase that is refused): every time 80 MiB stay for ever. So they look themselves whether it is still there.
// Ours do that too once their code is loaded (components/engine/watchdog.ts), for whoever runs plain `pulumi`.
if (/\/cmd\/dynamic-provider(\/index\.js)?$/.test(process.argv[1] ?? "")) {
  const engine = process.ppid;
  setInterval(() => process.ppid !== engine && process.exit(1), 500).unref();
}
