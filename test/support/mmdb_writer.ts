/**
 * Writes small databases in the format of MaxMind DB 2.0, for tests: networks with their data, 32 bits a record.
 *
 * Source: maxmind.github.io/MaxMind-DB
 */
export type MmdbValue =
  | string
  | boolean
  | { readonly double: number }
  | { readonly float: number }
  | { readonly uint32: number }
  | { readonly uint64: bigint }
  | { readonly uint128: bigint }
  | { readonly int32: number }
  | { readonly bytes: Uint8Array }
  | readonly MmdbValue[]
  | { readonly map: Readonly<Record<string, MmdbValue>> };

export interface Network {
  /** `10.0.0.0/8` */
  readonly cidr: string;
  readonly data: MmdbValue;
}

type Node = [Node | number | undefined, Node | number | undefined];

/** An IPv4 database. A leaf is the number of its network. */
export function mmdb(networks: readonly Network[]): Buffer {
  const root: Node = [undefined, undefined];
  networks.forEach(({ cidr }, number) => {
    insert(root, cidr, number);
  });
  const nodes: Node[] = [];
  const visit = (node: Node) => {
    nodes.push(node);
    for (const side of node) if (Array.isArray(side)) visit(side);
  };
  visit(root);
  const data: Buffer[] = networks.map((network) => encode(network.data));
  const offsets: number[] = [];
  let offset = 0;
  for (const piece of data) {
    offsets.push(offset);
    offset += piece.length;
  }
  const record = (side: Node[0]): number => {
    if (side === undefined) return nodes.length;
    return typeof side === 'number' ? nodes.length + 16 + (offsets[side] as number) : nodes.indexOf(side);
  };
  const tree = Buffer.alloc(nodes.length * 8);
  nodes.forEach((node, at) => {
    tree.writeUInt32BE(record(node[0]), at * 8);
    tree.writeUInt32BE(record(node[1]), at * 8 + 4);
  });
  return Buffer.concat([
    tree,
    Buffer.alloc(16),
    ...data,
    Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'),
    metadata(nodes.length),
  ]);
}

function insert(root: Node, cidr: string, number: number): void {
  const [address = '', length = '32'] = cidr.split('/');
  const bits = address
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('')
    .slice(0, Number(length));
  let node = root;
  for (let at = 0; at < bits.length - 1; at++) {
    const side = Number(bits[at]) as 0 | 1;
    const next = node[side];
    if (Array.isArray(next)) node = next;
    else {
      const made: Node = [undefined, undefined];
      node[side] = made;
      node = made;
    }
  }
  node[Number(bits.at(-1)) as 0 | 1] = number;
}

function metadata(nodes: number): Buffer {
  return encode({
    map: {
      binary_format_major_version: { uint32: 2 },
      binary_format_minor_version: { uint32: 0 },
      build_epoch: { uint64: 1_700_000_000n },
      database_type: 'Test',
      description: { map: { en: 'made for a test' } },
      ip_version: { uint32: 4 },
      languages: ['en'],
      node_count: { uint32: nodes },
      record_size: { uint32: 32 },
    },
  });
}

/** Type numbers below 8 stand in the control byte, others in the byte after it. */
function control(type: number, size: number): Buffer {
  const extra = size < 29 ? [] : size < 285 ? [size - 29] : [(size - 285) >> 8, (size - 285) & 0xff];
  const short = size < 29 ? size : size < 285 ? 29 : 30;
  return Buffer.from(type < 8 ? [(type << 5) | short, ...extra] : [short, type - 7, ...extra]);
}

function unsigned(type: number, value: bigint): Buffer {
  const hex = value === 0n ? '' : value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([control(type, bytes.length), bytes]);
}

function encode(value: MmdbValue): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'boolean') return control(14, value ? 1 : 0);
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)]);
  return encodeTyped(value as Exclude<MmdbValue, string | boolean | readonly MmdbValue[]>);
}

function encodeTyped(value: Exclude<MmdbValue, string | boolean | readonly MmdbValue[]>): Buffer {
  if ('map' in value) {
    const entries = Object.entries(value.map);
    return Buffer.concat([control(7, entries.length), ...entries.flatMap(([key, one]) => [encode(key), encode(one)])]);
  }
  if ('double' in value) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value.double);
    return Buffer.concat([control(3, 8), bytes]);
  }
  if ('float' in value) {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatBE(value.float);
    return Buffer.concat([control(15, 4), bytes]);
  }
  if ('bytes' in value) return Buffer.concat([control(4, value.bytes.length), value.bytes]);
  if ('uint32' in value) return unsigned(6, BigInt(value.uint32));
  if ('uint64' in value) return unsigned(9, value.uint64);
  if ('uint128' in value) return unsigned(10, value.uint128);
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value.int32);
  return Buffer.concat([control(8, 4), bytes]);
}
