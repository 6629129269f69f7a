/**
 * Recognises IP addresses: `isIP`, `isIPv4` and `isIPv6` with the same results as in node:net.
 *
 * Node matches regular expressions. They are fast for a long text that matches the first
 * alternative. They are slow if one alternative after the other fails: `::`, zones, host names. So
 * only long regular forms are matched here, and a scanner handles all other texts.
 * bench/micro/ip.mjs measures both.
 *
 * Values that are not strings are converted as a regular expression would convert them: `toString`
 * is called, and a symbol throws a TypeError.
 */

const byte = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])';
const dotted = `${byte}\\.${byte}\\.${byte}\\.${byte}`;
const regularIPv4 = new RegExp(`^${dotted}$`);
/** Eight groups, or an IPv4-mapped address. */
const regularIPv6 = new RegExp(
  `^(?:(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|::[fF]{4}:${dotted})$`,
);

/** The shortest texts for which the regular expression wins (measured on Node 20 to 26). */
const LONG_IPV4 = 9;
const LONG_IPV6 = 14;

const PERCENT = 0x25;
const HYPHEN = 0x2d;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const COLON = 0x3a;
/** Changes an upper-case ASCII letter to lower case. It changes no other character to a letter. */
const LOWER_CASE = 0x20;
const LETTER_A = 0x61;
const LETTER_F = 0x66;
const LETTER_Z = 0x7a;

function isDigit(code: number): boolean {
  return code >= DIGIT_0 && code <= DIGIT_9;
}

function isHexDigit(code: number): boolean {
  const letter = code | LOWER_CASE;
  return isDigit(code) || (letter >= LETTER_A && letter <= LETTER_F);
}

/** Four numbers from 0 to 255 without leading zeros in `text[start..end)`. */
function scanIPv4(text: string, start: number, end: number): boolean {
  if (end - start < 7 || end - start > 15) return false;
  let value = -1;
  let dots = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (isDigit(code)) {
      if (value === 0) return false;
      value = value < 0 ? code - DIGIT_0 : value * 10 + code - DIGIT_0;
      if (value > 255) return false;
    } else {
      if (code !== DOT || value < 0) return false;
      value = -1;
      dots++;
    }
  }
  return dots === 3 && value >= 0;
}

/** Whether the rest of the text from `start` on is empty, or `%` and a zone. */
function scanZone(text: string, start: number): boolean {
  const { length } = text;
  if (start === length) return true;
  if (text.charCodeAt(start) !== PERCENT || start + 1 === length) return false;
  for (let at = start + 1; at < length; at++) {
    const code = text.charCodeAt(at);
    const letter = code | LOWER_CASE;
    const allowed =
      isDigit(code) ||
      (letter >= LETTER_A && letter <= LETTER_Z) ||
      code === HYPHEN ||
      code === DOT ||
      code === COLON;
    if (!allowed) return false;
  }
  return true;
}

/** RFC 4291, section 2.2, with the zone of RFC 4007, section 11. */
function scanIPv6(text: string): boolean {
  const { length } = text;
  if (length < 2) return false;
  let at = 0;
  let groups = 0;
  // Whether the text has a "::", and whether it ends right before `at`.
  let gap = false;
  let afterGap = false;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return false;
    gap = afterGap = true;
    at = 2;
  }
  for (;;) {
    const start = at;
    // The end of the text is treated like the start of a zone; scanZone distinguishes them.
    let code = PERCENT;
    while (at < length && isHexDigit((code = text.charCodeAt(at)))) {
      at++;
      code = PERCENT;
    }
    if (at === start) {
      // Only "::" may be at the end.
      if (code !== PERCENT || !afterGap) return false;
      break;
    }
    if (code === DOT) {
      if (groups !== 6 && !gap) return false;
      const zone = text.indexOf('%', at);
      at = zone === -1 ? length : zone;
      if (!scanIPv4(text, start, at)) return false;
      groups += 2;
      break;
    }
    if (at - start > 4) return false;
    groups++;
    if (code !== COLON) break;
    at++;
    afterGap = at < length && text.charCodeAt(at) === COLON;
    if (afterGap) {
      if (gap) return false;
      gap = true;
      at++;
    }
  }
  return (gap ? groups < 8 : groups === 8) && scanZone(text, at);
}

function toText(input: unknown): string {
  return typeof input === 'string' ? input : `${input as string}`;
}

/**
 * Whether the input is an IPv4 address in dotted decimal notation without leading zeros.
 *
 * @param input - the text; other values are converted to one
 */
export function isIPv4(input: unknown): boolean {
  const text = toText(input);
  const { length } = text;
  return length < LONG_IPV4 ? scanIPv4(text, 0, length) : length <= 15 && regularIPv4.test(text);
}

/**
 * Whether the input is an IPv6 address, with or without a zone (`fe80::1%eth0`).
 *
 * @param input - the text; other values are converted to one
 */
export function isIPv6(input: unknown): boolean {
  const text = toText(input);
  return (text.length >= LONG_IPV6 && regularIPv6.test(text)) || scanIPv6(text);
}

/**
 * The IP version of an address: 4, 6, or 0 if the text is not an address.
 *
 * @param input - the text; other values are converted to one
 */
export function isIP(input: unknown): 0 | 4 | 6 {
  if (isIPv4(input)) return 4;
  if (isIPv6(input)) return 6;
  return 0;
}

/** The wildcard address of a family. */
export function anyAddress(family: number): string {
  return family === 6 ? '::' : '0.0.0.0';
}
