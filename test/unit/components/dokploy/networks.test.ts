import { expect, it } from "vitest";
import { externalNetworks, missingNetwork, planNetwork } from "../../../../components/dokploy/networks.ts";

const row = { networkId: "n1", name: "platform" };
const nothing = { importable: [], missing: [] };

it.each([
  ["nobody has", [], nothing, { kind: "make" }],
  ["Docker has without Dokploy's knowing", [], { ...nothing, importable: [{ name: "platform" }] }, { kind: "there" }],
  ["both have", [row], nothing, { kind: "there" }],
  ["Docker lost", [row], { ...nothing, missing: [row] }, { kind: "make-again", networkId: "n1" }],
  ["has another name", [{ networkId: "n2", name: "platform-x" }], nothing, { kind: "make" }],
  [
    "Docker lost, while another organization's is there",
    [row],
    { importable: [{ name: "platform" }], missing: [row] },
    { kind: "there" },
  ],
])("a network that %s", (_name, rows, sync, expected) => {
  expect(planNetwork("platform", rows, sync)).toEqual(expected);
});

it.each([
  ["none", "services: {}\n", []],
  [
    "those of others, by name or key",
    "networks: {a: {external: true}, b: {name: x, external: true}, c: {name: y}}\n",
    ["a", "x"],
  ],
  ["not Dokploy's own", "networks: {dokploy-network: {external: true}}\n", []],
  ["nothing where there is no YAML", "{", []],
])("finds the networks that have to be there: %s", (_name, text, expected) => {
  expect(externalNetworks(text)).toEqual(expected);
});

it.each([
  ["network platform-x declared as external, but could not be found", "platform-x"],
  [
    "Error response from daemon: Could not attach to network platform-x: rpc error: code = NotFound desc = network platform-x not found",
    "platform-x",
  ],
  ["manifest for platform:1 not found", undefined],
])("reads in a log that a network is missing: %s", (line, expected) => {
  expect(missingNetwork(["Initializing deployment", line])).toBe(expected);
});
