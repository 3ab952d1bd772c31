import type { ValidateFunction } from "ajv";

/** Whether a value is a Compose file; what is wrong with it stands in `errors`. */
declare const validate: ValidateFunction;
export = validate;
