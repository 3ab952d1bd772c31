import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DomainRow } from "../../../../../components/dokploy/api/schema.ts";
import {
  changesDomains,
  liveDomain,
  planDomains,
  readDomains,
  routeOf,
} from "../../../../../components/dokploy/rules/domains.ts";
import { type Domain, withDefaults } from "../../../../../components/dokploy/rules/inputs.ts";

function wanted(...hosts: string[]): Domain[] {
  return withDefaults({ domains: hosts.map((host) => ({ host, service: "web", port: 80 })) }).domains as Domain[];
}

function live(domain: Domain, domainId: string, patch: Partial<DomainRow> = {}): DomainRow {
  const { service, certificate, ...same } = domain;
  return {
    ...same,
    domainId,
    serviceName: service,
    certificateType: certificate,
    middlewares: [],
    enabled: true,
    ...patch,
  };
}

const [a, b] = wanted("a.example.org", "b.example.org") as [Domain, Domain];

describe("a plan of domains", () => {
  it("creates what is missing", () => {
    expect(planDomains([], [a], new Set())).toEqual({ create: [a], update: [], remove: [], foreign: [] });
  });

  it("removes ours that is not wanted, and leaves other people's", () => {
    const plan = planDomains([live(a, "1"), live(b, "2")], [], new Set([routeOf(a)]));
    expect(plan).toMatchObject({ remove: ["1"], foreign: ["b.example.org/"] });
  });

  it.each([
    ["port", { port: 81 }],
    ["service", { serviceName: "other" }],
    ["https", { https: false }],
    ["certificate", { certificateType: "none" }],
    ["switched off", { enabled: false }],
    ["middlewares", { middlewares: ["auth@file"] }],
    ["entry point", { customEntrypoint: "extra" }],
  ])("fixes a hand edit of: %s", (_, patch) => {
    expect(planDomains([live(a, "1", patch)], [a], new Set()).update).toEqual([{ domainId: "1", domain: a }]);
  });

  it("does nothing about what Dokploy only writes differently", () => {
    const nulls = { path: null, internalPath: null, stripPath: null, enabled: null, middlewares: null };
    expect(changesDomains(planDomains([live(a, "1", nulls)], [a], new Set()))).toBe(false);
  });

  it("keeps the older one of two for the same route", () => {
    const rows = [live(a, "young", { createdAt: "2026-02" }), live(a, "old", { createdAt: "2026-01" })];
    expect(planDomains(rows, [a], new Set([routeOf(a)]))).toMatchObject({ create: [], update: [], remove: ["young"] });
  });

  it("carried out, leaves nothing to do and no stranger touched", () => {
    const host = fc.constantFrom("a.org", "b.org", "c.org", "d.org");
    const rows = fc.array(fc.tuple(host, fc.integer({ min: 80, max: 82 })));
    fc.assert(
      fc.property(rows, fc.uniqueArray(host), fc.uniqueArray(host), (liveRows, hosts, ours) => {
        const domains = wanted(...hosts);
        const known = new Set([...domains, ...wanted(...ours)].map(routeOf));
        const before = liveRows.map(([name, port], index) => live({ ...a, host: name, port }, String(index)));
        const plan = planDomains(before, domains, known);
        const after = [
          ...before
            .filter((row) => !plan.remove.includes(row.domainId))
            .map((row) => {
              const update = plan.update.find(({ domainId }) => domainId === row.domainId);
              return update ? live(update.domain, row.domainId) : row;
            }),
          ...plan.create.map((domain, index) => live(domain, `new-${index}`)),
        ];
        const strangers = (list: DomainRow[]) => list.filter((row) => !known.has(routeOf(row)));
        expect(changesDomains(planDomains(after, domains, known))).toBe(false);
        expect(strangers(after)).toEqual(strangers(before));
        for (const domain of domains) expect(after.filter((row) => routeOf(row) === routeOf(domain))).toHaveLength(1);
      }),
    );
  });
});

describe("live domains", () => {
  it("are read in the order of the program", () => {
    const rows = [live(a, "1", { createdAt: "1" }), live(b, "2", { createdAt: "2" })];
    expect(readDomains(rows, [b, a], new Set([routeOf(a), routeOf(b)]))).toEqual([b, a]);
  });

  it("of ours that the state does not know are shown, so that an update can take them away", () => {
    expect(readDomains([live(a, "1"), live(b, "2")], [b], new Set([routeOf(a), routeOf(b)]))).toEqual([b, a]);
  });

  it("say what a person has set beyond our inputs", () => {
    expect(liveDomain(live(a, "1", { enabled: false, forwardAuthEnabled: true }))).toEqual({
      ...a,
      enabled: false,
      forwardAuthEnabled: true,
    });
  });
});
