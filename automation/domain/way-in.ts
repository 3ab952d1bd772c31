/** Who may sign in to a new service. */
export interface Login {
  /** Name of the first user; absent where only a password is asked for. */
  user?: string | undefined;
  /** Name of the secret that holds the password. */
  secret: string;
}

/** How people get to a service: names only, no value. */
export interface WayIn {
  /** One for each route, e.g. `https://auth.example.org/`. */
  addresses?: string[];
  login?: Login;
}

/** The command that shows the password of a service's first login. */
export function loginCommand(stack: string, service: string, { secret }: Login): string {
  return `dockmaster secret get ${stack} ${service} ${secret} --reveal`;
}
