import t from 'tap';
import { xxh3 } from './xxh3.ts';

/** Made with libxxhash 0.8.1 (XXH3_64bits) from the bytes (i * 37 + 11) & 255. */
const VECTORS: readonly (readonly [number, bigint])[] = [
  [0, 0x2d06800538d394c2n],
  [1, 0x4a4139caf4136257n],
  [2, 0x571a2ebb238829bbn],
  [3, 0x505118c313121c0en],
  [4, 0x3f6889ef166b4ad1n],
  [5, 0x8b9a336a5cca24f5n],
  [8, 0x93f1200f9be82671n],
  [9, 0x5b2fd4d97edcdaen],
  [15, 0xc01ae71cb4542755n],
  [16, 0x2e4359e2a04a5e32n],
  [17, 0xf60c53684bbc489dn],
  [24, 0xdc03d183f997ccc3n],
  [31, 0xa2ee08c196bd0790n],
  [32, 0x664864df0876efc6n],
];

t.test('the hash is that of the xxHash library for every way it treats short inputs', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 32 }, (_, i) => (i * 37 + 11) & 255));
  for (const [length, hash] of VECTORS)
    t.equal(BigInt.asUintN(64, xxh3(bytes.subarray(0, length))), hash, `${length} bytes`);
  t.equal(BigInt.asUintN(64, xxh3(Buffer.from('abc'))), 0x78af5f94892f3950n);
});

t.test('the hash is signed, as SQLite keeps it', async (t) => {
  t.equal(xxh3(Buffer.from([11, 48, 85, 122, 159])), 0x8b9a336a5cca24f5n - (1n << 64n));
});

t.test('more than 32 bytes are refused', async (t) => {
  t.throws(() => xxh3(Buffer.alloc(33)), RangeError);
});
