const STATUS = {
  BAD_REQUEST: { http: 400, rpc: -32600 },
  UNAUTHORIZED: { http: 401, rpc: -32001 },
  FORBIDDEN: { http: 403, rpc: -32003 },
  NOT_FOUND: { http: 404, rpc: -32004 },
  METHOD_NOT_SUPPORTED: { http: 405, rpc: -32005 },
  UNSUPPORTED_MEDIA_TYPE: { http: 415, rpc: -32015 },
  INTERNAL_SERVER_ERROR: { http: 500, rpc: -32603 },
} as const;

export type RpcCode = keyof typeof STATUS;

/** A failure as tRPC knows it; everything else that a handler throws becomes INTERNAL_SERVER_ERROR with its message. */
export class RpcError extends Error {
  readonly code: RpcCode;
  constructor(code: RpcCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function httpStatus(code: RpcCode) {
  return STATUS[code].http;
}

export function rpcNumber(code: RpcCode) {
  return STATUS[code].rpc;
}

export function notFound(what: string): RpcError {
  return new RpcError("NOT_FOUND", `${what} not found`);
}

export function badRequest(message: string): RpcError {
  return new RpcError("BAD_REQUEST", message);
}
