import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { volumeName } from "../../../../../components/compose/names.ts";
import { volumesOfService } from "../../../../../components/platform/names/volumes-of-service.ts";

const owners = {
  service: "wiki",
  suffix: "-staging",
  planned: { wiki: ["platform-wiki-data-staging"], "wiki-db": ["platform-wiki-db-data-staging", "old-staging"] },
  inText: [],
};

describe("the volumes of a service", () => {
  it.each<[string, { name: string; key?: string }[], string[]]>([
    ["what its file names", [{ name: "platform-wiki-data-staging" }], []],
    [
      "what an earlier file of it named",
      [{ name: "platform-wiki-files-staging", key: "files" }],
      ["platform-wiki-files-staging"],
    ],
    ["no volume of a service that begins alike", [{ name: "platform-wiki-db-more-staging", key: "more" }], []],
    [
      "but its own of a key that reads alike",
      [{ name: "platform-wiki-db-more-staging", key: "db-more" }],
      ["platform-wiki-db-more-staging"],
    ],
    ["none of another stack", [{ name: "platform-wiki-files", key: "files" }], []],
    ["none that Compose did not make", [{ name: "platform-wiki-files-staging" }], []],
  ])("%s", (_, live, more) => {
    const volumes = live.map(({ name, key }) => ({ name, key }));
    expect(volumesOfService(owners, volumes)).toEqual({
      own: ["platform-wiki-data-staging", ...more].sort(),
      shared: [],
    });
  });

  it("are not those that another service names as well", () => {
    const inText = ["old-staging"];
    expect(volumesOfService({ ...owners, inText }, [])).toEqual({
      own: ["platform-wiki-data-staging"],
      shared: ["old-staging"],
    });
  });

  it("never are another service's, whatever keys and names there are", () => {
    const word = fc.constantFrom("a", "b", "db", "a-b", "db-a");
    fc.assert(
      fc.property(word, word, word, (service, other, key) => {
        fc.pre(service !== other);
        const theirs = { name: volumeName(other, key, "-staging"), key };
        expect(volumesOfService({ service, suffix: "-staging", planned: {}, inText: [] }, [theirs]).own).toEqual([]);
      }),
    );
  });
});
