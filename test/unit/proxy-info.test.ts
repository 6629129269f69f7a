// The records of a PROXY header, taken apart in TypeScript: random bytes against a slow model.
import { buildProxyInfo, splitTlvs, type ProxyTlv } from '../../lib/internal/proxy/proxy-info';
import { Random } from '../helpers/random';

const seed = Number(process.env['UVNET_SEED'] ?? Date.now() % 2 ** 31);
const types = [0x01, 0x02, 0x03, 0x05, 0x20, 0x21, 0x22, 0x28, 0x30, 0xe0];

function encode({ type, value }: ProxyTlv): Buffer {
  return Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 0xff]), value]);
}

function randomTlv(random: Random, depth: number): ProxyTlv {
  const type = random.pick(types);
  if (type !== 0x20 || depth > 0) return { type, value: random.bytes(random.integer(0, 12)) };
  const inner = Array.from({ length: random.integer(0, 4) }, () => encode(randomTlv(random, 1)));
  const verify = random.chance(0.5) ? Buffer.alloc(4) : random.bytes(4);
  return { type, value: Buffer.concat([random.bytes(1), verify, ...inner]) };
}

/** Records, one after the other, by recursion on what is left. */
function modelSplit(bytes: Buffer): ProxyTlv[] | undefined {
  if (bytes.length === 0) return [];
  if (bytes.length < 3) return undefined;
  const length = bytes[1] * 256 + bytes[2];
  const value = bytes.subarray(3, 3 + length);
  if (value.length < length) return undefined;
  const rest = modelSplit(bytes.subarray(3 + length));
  return rest && [{ type: bytes[0], value }, ...rest];
}

/** Some bytes changed, added or cut off. */
function damaged(random: Random, bytes: Buffer): Buffer {
  const result = Buffer.from(bytes);
  for (let count = random.integer(0, 3); count > 0 && result.length > 0; count -= 1) {
    result[random.integer(0, result.length - 1)] = random.integer(0, 255);
  }
  if (random.chance(0.3)) return result.subarray(0, random.integer(0, result.length));
  return random.chance(0.3) ? Buffer.concat([result, random.bytes(random.integer(0, 4))]) : result;
}

const lastOf = (tlvs: ProxyTlv[], type: number): Buffer | undefined =>
  tlvs.filter((tlv) => tlv.type === type).at(-1)?.value;

function infoOf(tlvs: Buffer): ReturnType<typeof buildProxyInfo> {
  const lengths = Buffer.from([0, 7, 0, 7, tlvs.length >> 8, tlvs.length & 0xff]);
  const fixed = Buffer.concat([Buffer.from([2, 1, 4, 1, 0, 5, 0, 10]), lengths]);
  const packed = Buffer.concat([fixed, Buffer.from('1.2.3.46.7.8.9'), tlvs]);
  return buildProxyInfo(packed.toString('latin1'), {}, {});
}

test('records are split as the model splits them, whatever the bytes', () => {
  const random = new Random(seed);
  for (let round = 0; round < 4_000; round += 1) {
    const whole = Array.from({ length: random.integer(0, 6) }, () => encode(randomTlv(random, 0)));
    const bytes = damaged(random, Buffer.concat(whole));
    const expected = { seed, round, tlvs: modelSplit(bytes) };
    expect({ seed, round, tlvs: splitTlvs(bytes) }).toEqual(expected);
  }
});

test('the last record of each type counts', () => {
  const random = new Random(seed);
  for (let round = 0; round < 2_000; round += 1) {
    const whole = Array.from({ length: random.integer(0, 6) }, () => encode(randomTlv(random, 0)));
    const bytes = damaged(random, Buffer.concat(whole));
    const tlvs = modelSplit(bytes);
    // The native parser refuses a header with such records.
    if (tlvs === undefined) continue;
    const info = infoOf(bytes)!;
    expect({ round, tlvs: info.tlvs }).toEqual({ round, tlvs });
    expect(info.alpn).toBe(lastOf(tlvs, 0x01)?.toString());
    expect(info.authority).toBe(lastOf(tlvs, 0x02)?.toString());
    expect(info.uniqueId).toEqual(lastOf(tlvs, 0x05));
    expect(info.networkNamespace).toBe(lastOf(tlvs, 0x30)?.toString());
    // Of the records for TLS, the last that is well-formed counts.
    const value = tlvs
      .filter(
        (tlv) =>
          tlv.type === 0x20 &&
          tlv.value.length >= 5 &&
          modelSplit(tlv.value.subarray(5)) !== undefined,
      )
      .at(-1)?.value;
    expect(info.ssl === undefined).toBe(value === undefined);
    if (value === undefined || info.ssl === undefined) continue;
    const inner = modelSplit(value.subarray(5))!;
    const [flags] = value;
    expect(info.ssl).toMatchObject({
      tls: flags % 2 === 1,
      certificateOnConnection: Math.floor(flags / 2) % 2 === 1,
      certificateInSession: Math.floor(flags / 4) % 2 === 1,
      verified: (flags & 6) > 0 && value.subarray(1, 5).equals(Buffer.alloc(4)),
      tlvs: inner,
    });
    expect(info.ssl.version).toBe(lastOf(inner, 0x21)?.toString());
    expect(info.ssl.commonName).toBe(lastOf(inner, 0x22)?.toString());
    expect(info.ssl.clientCertificate).toEqual(lastOf(inner, 0x28));
  }
});
