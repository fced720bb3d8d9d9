import assert from "node:assert/strict";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { countPublic, isAddressRange, openToInternet } from "../../policy/reading/addresses";
import { covers, onlyAllowed, type Reach, readReach } from "../../policy/reading/ports";
import { openings } from "../../policy/reading/security-groups";
import { UNKNOWN } from "../../policy/reading/values";

const cidr4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([address, bits]) => `${address}/${bits}`);
const cidr6 = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })).map(([address, bits]) => `${address}/${bits}`);
const cidr = fc.oneof(cidr4, cidr6);
const lists = fc.array(cidr, { maxLength: 8 });
const port = fc.integer({ min: 0, max: 65535 });
const anything = fc.oneof(fc.anything(), cidr, fc.string());

/** The two halves of an IPv4 range. */
function halves(range: string): [string, string] {
  const [address, bits] = ipaddr.IPv4.parseCIDR(range);
  const start = address.toByteArray().reduce((sum, byte) => sum * 256 + byte, 0);
  const size = 2 ** (32 - bits);
  const first = Math.floor(start / size) * size;
  return [first, first + size / 2].map((value) => {
    const bytes = [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256);
    return `${bytes.join(".")}/${bits + 1}`;
  }) as [string, string];
}

describe("arithmetic of addresses, for any input", () => {
  it("every CIDR that a library makes is an address range, IPv4 and IPv6", () => {
    fc.assert(fc.property(cidr, isAddressRange));
  });
  it("nothing else makes it throw, and only ranges count", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (texts) => {
        const open = openToInternet(texts);
        assert.equal(open, openToInternet(texts.filter(isAddressRange)));
      }),
    );
  });
  it("a range and its halves are the same addresses", () => {
    const divisible = fc
      .tuple(fc.ipV4(), fc.integer({ min: 0, max: 31 }))
      .map(([address, bits]) => `${address}/${bits}`);
    fc.assert(fc.property(divisible, (range) => countPublic([range]) === countPublic(halves(range))));
  });
  it("order and repetition change nothing", () => {
    fc.assert(
      fc.property(lists, (ranges) => countPublic(ranges) === countPublic([...ranges].reverse().concat(ranges))),
    );
  });
  it("more ranges never are fewer addresses, and never close what is open", () => {
    fc.assert(
      fc.property(lists, lists, (some, more) => {
        assert.ok(countPublic([...some, ...more]) >= countPublic(some));
        assert.ok(!openToInternet(some) || openToInternet([...some, ...more]));
      }),
    );
  });
  it("what is private is nobody's, however it is cut", () => {
    const inside = fc
      .tuple(
        fc.constantFrom("10.", "192.168.", "172.16.", "127.", "169.254."),
        fc.ipV4(),
        fc.integer({ min: 16, max: 32 }),
      )
      .map(
        ([start, address, bits]) =>
          `${start}${address
            .split(".")
            .slice(start.split(".").length - 1)
            .join(".")}/${bits}`,
      );
    fc.assert(fc.property(inside, (range) => countPublic([range]) === 0n));
  });
  it("a public address alone is one address", () => {
    const outside = fc
      .ipV4()
      .filter((address) => ipaddr.parse(address).range() === "unicast" && !/^(?:192\.0\.0|198\.1[89])\./.test(address));
    fc.assert(fc.property(outside, (address) => countPublic([`${address}/32`]) === 1n));
  });
  it("the world in any number of equal pieces is the internet", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8 }), (bits) => {
        const pieces = Array.from({ length: 2 ** bits }, (_, index) => `${index * 2 ** (8 - bits)}.0.0.0/${bits}`);
        assert.ok(openToInternet(pieces));
      }),
    );
  });
});

describe("arithmetic of ports, for any input", () => {
  const protocol = fc.constantFrom(
    "tcp",
    "TCP",
    "6",
    6,
    "udp",
    "17",
    "-1",
    -1,
    "all",
    "icmp",
    "47",
    undefined,
    UNKNOWN,
  );
  const reach = fc.tuple(protocol, port, port).map(([name, from, to]) => readReach(name, from, to));

  it("any protocol and ports are read without a throw, into a range in order", () => {
    fc.assert(
      fc.property(protocol, anything, anything, (name, from, to) => {
        const read = readReach(name, from as never, to as never);
        assert.ok(read === undefined || read.protocol === "none" || read.first <= read.last);
      }),
    );
  });
  it("a range is allowed if and only if each of its ports is", () => {
    fc.assert(
      fc.property(port, fc.integer({ min: 0, max: 40 }), fc.array(port, { maxLength: 40 }), (first, width, ports) => {
        const last = Math.min(first + width, 65535);
        const allowed = new Set([...ports, first, last]);
        const each = Array.from({ length: last - first + 1 }, (_, index) => allowed.has(first + index)).every(Boolean);
        assert.equal(onlyAllowed({ protocol: "tcp", first, last }, allowed), each);
      }),
    );
  });
  it("one rule covers another if and only if it does so for each port", () => {
    const small = fc
      .tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 }))
      .map(([one, other]): Reach => ({ protocol: "tcp", first: Math.min(one, other), last: Math.max(one, other) }));
    fc.assert(
      fc.property(small, small, (one, other) => {
        const ports = Array.from({ length: other.last - other.first + 1 }, (_, index) => other.first + index);
        assert.equal(
          covers(one, other),
          ports.every((each) => each >= one.first && each <= one.last),
        );
        assert.ok(covers({ protocol: "any", first: 0, last: 65535 }, other));
      }),
    );
  });
  it("what opens a port alone still does beside other rules", () => {
    const rule = fc
      .tuple(reach, lists)
      .map(([one, ranges]) => ({ owner: {} as never, reach: one, ranges, prefixLists: [], unknownRanges: false }));
    fc.assert(
      fc.property(rule, fc.array(rule, { maxLength: 4 }), (one, others) => {
        const alone = openings([one]).length > 0;
        const together = openings([one, ...others]).some((opening) => opening.rule === one);
        assert.ok(!alone || together);
      }),
    );
  });
});
