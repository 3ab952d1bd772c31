import { expect, test } from "vitest";
import { RequestError } from "../../../../automation/errors.ts";
import { createBytesInFlight } from "../../../../automation/http/bytes-in-flight.ts";

const MIB = 1024 * 1024;
const T0 = 1_000_000;
const nobody = () => {
  throw new Error("it was lost");
};

test("beyond the bound it is 503 with when to come back, and what ends makes room", () => {
  const room = createBytesInFlight(2 * MIB);
  const first = room.take(MIB, T0, nobody);
  room.take(MIB, T0, nobody);
  const refused = (() => {
    try {
      return room.take(MIB, T0 + 500, nobody);
    } catch (error) {
      return error as RequestError;
    }
  })();
  expect(refused).toMatchObject({ status: 503, code: "overloaded", retryAfter: 1 });
  first.release();
  first.release();
  room.take(MIB, T0 + 500, nobody);
  expect(() => room.take(MIB, T0 + 500, nobody)).toThrow(RequestError);
});

test("small bodies are never kept out", () => {
  const room = createBytesInFlight(MIB);
  room.take(MIB, T0, nobody);
  for (let n = 0; n < 1_000; n++) room.take(2_000, T0, nobody);
});

test("who sends too slowly makes room for another; who keeps up does not", () => {
  const room = createBytesInFlight(2 * MIB);
  const lost: string[] = [];
  const steady = room.take(MIB, T0, () => lost.push("steady"));
  room.take(MIB, T0, () => lost.push("slow"));
  steady.add(MIB / 2);
  room.take(MIB, T0 + 1_500, nobody);
  expect(lost).toEqual(["slow"]);
  steady.add(MIB / 2);
  expect(() => room.take(2 * MIB, T0 + 3_000, nobody)).toThrow(RequestError);
  expect(lost).toEqual(["slow"]);
});

test("nobody loses its room for one that would not fit all the same", () => {
  const room = createBytesInFlight(3 * MIB);
  const lost: string[] = [];
  const steady = room.take(2 * MIB, T0, () => lost.push("steady"));
  steady.add(2 * MIB);
  room.take(MIB, T0, () => lost.push("slow"));
  expect(() => room.take(2 * MIB, T0 + 5_000, nobody)).toThrow(RequestError);
  expect(lost).toEqual([]);
});
