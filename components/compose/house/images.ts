import type { Context } from "../context.ts";
import type { PlainService } from "../normalise.ts";
import type { Path } from "../problem.ts";

/** Words of a tag that move with every release of the image. */
const MOVING = /(^|[-_.])(latest|nightly|edge|rolling)([-_.]|$)/i;

/** The same image everywhere and for ever: pinned by a digest or by a tag that names a version. */
export function checkImage(service: PlainService, path: Path, context: Context): void {
  const image = service.image;
  if (service.build !== undefined) {
    context.report(
      [...path, "build"],
      "Dokploy has no folder to build from",
      "push an image and name it with `image:`",
    );
  }
  if (image === undefined) return;
  const place = [...path, "image"];
  if (image.includes("$")) {
    context.report(
      place,
      "the same release runs the same images everywhere",
      "write the tag itself, without a variable",
    );
    return;
  }
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return;
  const tag = /:([^:/@]+)$/.exec(image)?.[1];
  if (tag === undefined) context.report(place, `image \`${image}\` floats`, "pin it by a tag or a digest");
  else if (tag === "latest") context.report(place, "`latest` floats", "pin the image by a version or a digest");
  else if (!/\d/.test(tag) || MOVING.test(tag)) {
    const hint = "pin the image by a version or a digest";
    context.note(
      "unversioned-image",
      place,
      `the tag \`${tag}\` names no version: another image may come under it`,
      hint,
    );
  }
}
