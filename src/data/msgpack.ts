/**
 * MessagePack as Fluent Bit keeps it in chunks and sends it: events side by side, each
 *
 *     92              an array of two
 *        92           its head: time and metadata
 *           d7 00 SS SS SS SS NN NN NN NN    EventTime: seconds, nanoseconds, big-endian
 *           8x ...    metadata, a map
 *        8x ...       body, a map
 *
 * What `encodeEvents` writes, `decodeEvents` reads back without any change. Seconds have 32 bits: values from C0000000 on
 * mean times before 1970 (from 1935 on), the others those up to 2072; a time outside of that is written as a float64
 * number of seconds, which Fluent Bit reads as well.
 *
 * Sources: github.com/msgpack/msgpack/blob/master/spec.md, and the Forward protocol specification for EventTime.
 */
export { eventOf, MsgpackError, timeOf } from './msgpack_event.ts';
export { decodeEvents, decodeValue, Reader } from './msgpack_reader.ts';
export { MAX_DEPTH } from './msgpack_scan.ts';
export { encodeEvents, encodeEventsBriefly, encodeValue } from './msgpack_writer.ts';
