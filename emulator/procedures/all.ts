import type { Procedures } from "../rpc/procedure.ts";
import { composeProcedures } from "./compose.ts";
import { composeFileProcedures } from "./compose-file.ts";
import { composeRunProcedures } from "./compose-run.ts";
import { deploymentProcedures } from "./deployment.ts";
import { dockerProcedures } from "./docker.ts";
import { domainProcedures } from "./domain.ts";
import { environmentProcedures } from "./environment.ts";
import { mountProcedures } from "./mounts.ts";
import { networkProcedures } from "./network.ts";
import { projectProcedures } from "./project.ts";
import { settingsProcedures } from "./settings.ts";
import { userProcedures } from "./user.ts";

/** Every procedure that the emulator has, by its name. The REST and the tRPC route serve the same table. */
export const procedures: Procedures = {
  ...projectProcedures,
  ...environmentProcedures,
  ...composeProcedures,
  ...composeRunProcedures,
  ...composeFileProcedures,
  ...deploymentProcedures,
  ...domainProcedures,
  ...mountProcedures,
  ...dockerProcedures,
  ...networkProcedures,
  ...settingsProcedures,
  ...userProcedures,
};
