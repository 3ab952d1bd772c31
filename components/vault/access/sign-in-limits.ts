/** What bounds a sign-in with a role of ours. Nothing unless given. */
export interface SignInLimits {
  /** Seconds that a secret id can sign in. An update renews it from the middle of that on. */
  secretIdTtl?: number;
  /** Networks from which a secret id signs in, as `10.0.0.0/8`: where Vault sees the containers come from. */
  secretIdBoundCidrs?: readonly string[];
  /** Networks from which the token that it gets may be used. */
  tokenBoundCidrs?: readonly string[];
}

/** The limits as a role has them. */
export function roleLimits({ secretIdTtl, secretIdBoundCidrs, tokenBoundCidrs }: SignInLimits = {}) {
  return {
    ...(secretIdTtl !== undefined && { secretIdTtl }),
    ...(secretIdBoundCidrs && { secretIdBoundCidrs: [...secretIdBoundCidrs] }),
    ...(tokenBoundCidrs && { tokenBoundCidrs: [...tokenBoundCidrs] }),
  };
}
