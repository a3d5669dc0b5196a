/**
 * The words that say what comes next: that a password, a key or a number is about to be told, or that the next number is only a reference.
 * English, German, Spanish, French, and the one or two words of their neighbours. Knows words, no sentences.
 */
import { lowerOf } from './characters.ts';
import type { Hint } from './numbers.ts';

/** What may be told next. `bearer`: a credential straight behind this word. `pin`: a password of digits. */
export type Expectation = 'none' | 'password' | 'pin' | 'code' | 'secret' | 'bearer';

export type Meaning =
  | { readonly type: 'expect'; readonly expectation: Expectation }
  | { readonly type: 'hint'; readonly hint: Hint }
  /** The next word names no credential: "idempotency key". */
  | { readonly type: 'harmless' }
  /** "mot" of "mot de passe", and its last word. */
  | { readonly type: 'mot' }
  | { readonly type: 'passe' };

/** How a word carries on from the one that named a password: it says so, it may ("changed it to"), it fills, or (any other word) it leads away. */
export type Connector = 'is' | 'to' | 'filler';

/** Upper case of ASCII and Latin-1 hashes as lower case does. */
export function hashOf(word: string): number {
  let hash = 0;
  for (let i = 0; i < word.length; i += 1) hash = nextHash(hash, word.charCodeAt(i));
  return hash;
}

/** One more character. Words are looked up by this alone: what a rare foreign word of the same hash does is expect something in vain. */
export function nextHash(hash: number, code: number): number {
  return (Math.imul(hash, 31) + lowerOf(code)) | 0;
}

const expecting = (expectation: Expectation, words: string): (readonly [number, Meaning])[] => meaning({ type: 'expect', expectation }, words);
const hinting = (hint: Hint, words: string): (readonly [number, Meaning])[] => meaning({ type: 'hint', hint }, words);

/** By hash of the word without its dashes and underscores, or of its last part: "X-Api-Key" is found as "xapikey" or "key". */
export const MEANINGS: ReadonlyMap<number, Meaning> = new Map([
  ...expecting(
    'password',
    'password passwort passwd passphrase pwd pw pass psw pswd kennwort contraseña contrasena clave mdp senha parola wachtwoord pgpassword dbpassword ' +
      'userpassword loginpassword adminpassword newpassword oldpassword currentpassword',
  ),
  ...expecting('pin', 'pin otp passcode geheimzahl'),
  ...expecting('code', 'cvc cvv cvv2 cvc2 cvn kartenprüfnummer prüfziffer'),
  ...expecting(
    'secret',
    'key token secret apikey apitoken accesstoken accesskey authtoken refreshtoken secretkey secretaccesskey clientsecret privatekey signingkey ' +
      'signingsecret webhooksecret credential credentials schlüssel apischlüssel zugriffsschlüssel zugangstoken geheimnis jeton clé llave secreto',
  ),
  ...expecting('bearer', 'bearer'),
  ...hinting(
    'reference',
    'order orders invoice invoices ticket tickets case reference ref tracking parcel shipment serial build version release sku article isbn ean gtin id ids ' +
      'request transaction commit customer timestamp amount total bestellung bestellnummer rechnung rechnungsnummer rechnungsnr auftrag auftragsnummer vorgang ' +
      'vorgangsnummer aktenzeichen kundennummer sendungsnummer artikelnummer seriennummer pedido factura referencia commande facture référence dossier colis',
  ),
  ...hinting(
    'phone',
    'phone phones telephone tel mobile cell call calling whatsapp sms fax telefon telefonnummer handy handynummer mobil mobilnummer rückruf anrufen rufnummer ' +
      'teléfono telefono móvil movil celular llamar llámame téléphone portable appeler appelez',
  ),
  ...hinting(
    'national',
    'ssn social itin nino aadhaar aadhar uidai steuerid steuernummer steueridentifikationsnummer identifikationsnummer idnr dni nif nir cpf insee ' +
      'sozialversicherungsnummer personalausweis passport reisepass pasaporte passeport',
  ),
  ...hinting('card', 'card cards cardnumber visa mastercard amex maestro karte kreditkarte kartennummer kreditkartennummer tarjeta carte'),
  ...meaning({ type: 'harmless' }, 'idempotency primary foreign sort partition public cache project issue shortcut hot arrow enter escape tab return design'),
  ...meaning({ type: 'mot' }, 'mot mots'),
  ...meaning({ type: 'passe' }, 'passe'),
]);

export const CONNECTORS: ReadonlyMap<number, Connector> = new Map<number, Connector>([
  ...each('is' as const, 'is was s ist war lautet lautete heißt heisst es era est était be being è é'),
  ...each('to' as const, 'to auf zu zum a à como comme als as'),
  ...each(
    'filler' as const,
    'now currently actually just simply probably still also then new old current following jetzt aktuell gerade derzeit momentan ahora actual ' +
      'actualmente maintenant actuellement code number nummer no nr value de',
  ),
]);

function meaning(value: Meaning, words: string): (readonly [number, Meaning])[] {
  return each(value, words);
}

function each<T>(value: T, words: string): (readonly [number, T])[] {
  return words.split(' ').map((word) => [hashOf(word), value] as const);
}
