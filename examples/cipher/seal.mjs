// Encrypts parameters for a Cipher API server, in a browser or in Node: HPKE (RFC 9180) in base mode with
// DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM, from nothing but WebCrypto. A library for HPKE does the same.
//
//     curl -s http://localhost:8080/api/v1/protectedParameters/settings > settings.json
//     echo '{"keyStorePassword":"12345678"}' | node seal.mjs settings.json TICKET

const { subtle } = globalThis.crypto;
const text = (string) => new TextEncoder().encode(string);
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const two = (number) => Uint8Array.of(number >> 8, number & 0xff);
const toBase64 = (octets) => btoa(String.fromCharCode(...octets));
const fromBase64 = (string) => Uint8Array.from(atob(string), (character) => character.charCodeAt(0));

async function hmac(key, message) {
  // An empty key is one of zeros; WebCrypto takes no empty ones.
  const raw = key.length ? key : new Uint8Array(32);
  const imported = await subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await subtle.sign("HMAC", imported, message));
}

// RFC 9180 section 4. One block of HKDF is enough: nothing here is longer than SHA-256.
const extract = (suite, salt, label, key) => hmac(salt, join(text("HPKE-v1"), suite, text(label), key));
async function expand(suite, prk, label, info, length) {
  const labeled = join(two(length), text("HPKE-v1"), suite, text(label), info);
  return (await hmac(prk, join(labeled, [1]))).slice(0, length);
}

/** The members `secretKey` and `encryptedData` for parameters, as the settings of a server want them. */
export async function seal(settings, ticket, parameters) {
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const serverKey = fromBase64(settings.publicKey);
  const server = await subtle.importKey("raw", serverKey, curve, false, []);
  const own = await subtle.generateKey(curve, true, ["deriveBits"]);
  const enc = new Uint8Array(await subtle.exportKey("raw", own.publicKey));
  const shared = new Uint8Array(await subtle.deriveBits({ name: "ECDH", public: server }, own.privateKey, 256));

  const kem = join(text("KEM"), two(settings.kemId));
  const prk = await extract(kem, [], "eae_prk", shared);
  const secret = await expand(kem, prk, "shared_secret", join(enc, serverKey), 32);

  const suite = join(text("HPKE"), two(settings.kemId), two(settings.kdfId), two(settings.aeadId));
  const pskId = await extract(suite, [], "psk_id_hash", []);
  const info = await extract(suite, [], "info_hash", text(settings.info));
  const context = join([0], pskId, info);
  const schedule = await extract(suite, secret, "secret", []);
  const key = await expand(suite, schedule, "key", context, 32);
  const iv = await expand(suite, schedule, "base_nonce", context, 12);

  const aes = await subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  const additionalData = text(ticket.toLowerCase());
  const plain = text(JSON.stringify(parameters));
  const sealed = new Uint8Array(await subtle.encrypt({ name: "AES-GCM", iv, additionalData }, aes, plain));
  return { secretKey: toBase64(enc), encryptedData: toBase64(sealed) };
}

if (globalThis.process?.argv[1] && import.meta.url.endsWith(globalThis.process.argv[1].split("/").pop())) {
  const { readFileSync } = await import("node:fs");
  const [, , settings, ticket] = globalThis.process.argv;
  const parameters = JSON.parse(readFileSync(0, "utf8"));
  console.log(JSON.stringify(await seal(JSON.parse(readFileSync(settings, "utf8")), ticket, parameters)));
}
