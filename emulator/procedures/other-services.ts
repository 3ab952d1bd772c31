/** The kinds of services that the emulator does not have; answers list them as empty. */
export function noOtherServices() {
  return { applications: [], libsql: [], mariadb: [], mongo: [], mysql: [], postgres: [], redis: [] };
}
