import { createRequire } from "node:module";
import { type Props, plain } from "./props.ts";

/** Hands over what the engine configures, e.g. address and sign-in of an explicit provider: the SDK's server for providers drops it. */
export function takeConfiguration(configure: (args: Props) => void): void {
  const require = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi/provider/index.js"));
  const { Server } = require("@grpc/grpc-js");
  const { ConfigureResponse } = require("../proto/provider_pb.js");
  const addService = Server.prototype.addService;
  // biome-ignore lint/suspicious/noExplicitAny: gRPC's untyped service objects.
  Server.prototype.addService = function (definition: any, service: any) {
    // biome-ignore lint/suspicious/noExplicitAny: gRPC's untyped calls.
    service.configure = (call: any, callback: any) => {
      configure(plain(call.request.getArgs()?.toJavaScript() ?? {}));
      const answer = new ConfigureResponse();
      answer.setAcceptsecrets(true);
      callback(undefined, answer);
    };
    return addService.call(this, definition, service);
  };
}
