/**
 * The words by which customers ask for each act that needs no offer, in the five languages most of them write in. `asks` are words of
 * wanting, which "don't" turns round; `tells` are troubles that the act is the answer to, which already hold their "not". Decides nothing.
 */
import { wordsOf } from './word-pattern.ts';

export interface AskedWords {
  /** What it is called when it is refused. */
  readonly label: string;
  readonly asks: RegExp;
  readonly tells?: RegExp;
  /**
   * How surely a name must be a name before it counts as somebody else's: one capitalised word where an act is about one person, two
   * where it is about the account. `never` where strangers are the point, or where whoever is meant must be named anyway.
   */
  readonly strangers: 'one_word' | 'two_words' | 'never';
  /** "No mails, please" asks for it: a "not" turns nothing round. */
  readonly undeniable?: true;
  /** New addresses are the point of it. */
  readonly newAddresses?: true;
}

const oneOf = (list: string): string => `(?:${list.split('; ').join('|')})`;

const PASSWORD = oneOf('password*; passwort*; pass word; pw; contraseña*; mots? de passe; senha*');
const LOST = oneOf('forgot*; lost; loses; remember*; know; wrong; expired; vergess*; verloren; olvid*; perd*; oubli*; esquec*');
const DOCUMENT = oneOf(
  'invoice*; bills?; receipt*; statement*; summary; document*; cop(?:y|ies); pdfs?; vat; tax; rechnung*; beleg*; quittung*; factura*; recibo*; resumen; facture*; reçu*; relevé*; fatura*; nota fiscal',
);
const SENDING = oneOf(
  're-?send*; send*; sent; e-?mail*; mail*; forward*; need*; want*; like; get; give; cop(?:y|ies); again; provide; share; may i; please; missing; schick*; brauch*; möchte*; bitte; enví*; envi*; mand*; reenv*; necesit*; quier*; por favor; envoy*; renvoy*; besoin; voudr*; veux; precis*; quer*',
);

export const ASKED_WORDS = {
  reset_password: {
    label: 'a link to set a new password',
    asks: wordsOf(
      'reset*; recover* .. account; recover* .. access; magic link; new password; another password; link .. password; zurücksetz*; zurückgesetzt; neues passwort; restablec*; nueva contraseña; cambiar .. contraseña; réinitialis*; nouveau mot de passe; redefin*; nova senha',
    ),
    tells: wordsOf(
      `${LOST} .. ${PASSWORD}; ${PASSWORD} .. ${LOST}; locked out; lock* .. out; (?:log|sign|get) (?:back )?in; (?:log|sign)-?in (?:fails|failed|does not work); ausgesperrt; komme nicht rein; no pued[oe] entrar; ne peu[xt] pas me connecter; não consegu?e? entrar; não consigo entrar`,
    ),
    strangers: 'one_word',
  },
  unlock: {
    label: 'a lock to be ended',
    asks: wordsOf(
      'unlock*; un-lock*; unblock*; (?:end|lift|remove|clear|release) .. (?:lock|block)*; let .. (?:back )?in; entsperr*; freischalt*; desbloque*; débloqu*; deverrouill*; destrav*',
    ),
    tells: wordsOf(
      'locked; lock* .. out; shut out; is blocked; was blocked; got blocked; are blocked; too many .. (?:tries|attempts|times|logins); (?:log|sign|get) (?:back )?in; gesperrt; ausgesperrt; bloquead*; bloqué*; travad*',
    ),
    strangers: 'one_word',
  },
  end_sessions: {
    label: 'devices to be signed out',
    asks: wordsOf(
      '(?:sign*|log*|kick*|throw*) (?:\\p{L}+ )?out; (?:sign*|log*|kick*|throw*) .. out; logout; sign-out; log-out; (?:end|ending|kill|revoke|close|terminate|invalidate|drop|cancel) .. (?:session|device|login|log-in|sign-in|one|those|them|it)s?; abmelden; abgemeldet; meld* .. ab; ausloggen; ausgeloggt; sitzung* .. beend*; beend* .. sitzung*; (?:cerr|cierr)* .. sesi*; desconect*; déconnect*; ferm* .. session*; encerr* .. sess*',
    ),
    strangers: 'one_word',
  },
  enable_webhook: {
    label: 'an endpoint to be switched on',
    asks: wordsOf(
      '(?:switch|turn|put|bring|set|get)* .. on; (?:switch|turn)* .. back on; enabl*; re-enabl*; activat*; re-activat*; reactivat*; resume*; un-?pause*; einschalt*; anschalt*; aktivier*; reaktivier*; schalt* .. (?:ein|an); activ[aáeo]*; actív*; reactiv*; habilit*; reanud*; activ*; réactiv*; ativ*; reativ*; ligar; ligue',
    ),
    strangers: 'two_words',
  },
  redeliver_webhook: {
    label: 'failed deliveries to be sent again',
    asks: wordsOf(
      're-?deliver*; re-?send*; re-?play*; re-?try*; retri*; re-?trigger*; (?:send|sent|deliver|push|fire|trigger|post|run|get)* .. (?:again|once more|anew); try .. again; noch ?mal; noch einmal; erneut; wieder (?:senden|schicken|zustellen); reenv*; reintent*; de nuevo; otra vez; renvo*; relanc*; à nouveau; de novo; outra vez; novamente',
    ),
    strangers: 'two_words',
  },
  retry_sync: {
    label: 'another synchronisation',
    asks: wordsOf(
      '(?:re-?)?sync*; retry*; re-?try; try .. (?:again|once more); refresh*; reload*; synchron*; abgleich*; sincroni*; noch ?mal; noch einmal; erneut; reintent*; de nuevo; otra vez; à nouveau; relanc*; de novo; novamente',
    ),
    tells: wordsOf(
      "(?:isn't|is not|aren't|are not|doesn't|does not|don't seem to|won't|hasn't|haven't|stopped|no longer|never|fail\\p{L}* to) (?:\\p{L}+ )?(?:sync|updat|arriv|synchron)*; not sync(?:ed|ing); stale; out of date; nicht (?:synchron|aktuell)*; no (?:se )?sincroniz*; ne (?:se )?synchronis*; não sincroniz*",
    ),
    strangers: 'two_words',
  },
  revoke_api_key: {
    label: 'a key to be revoked',
    asks: wordsOf(
      'revok*; delet*; remov*; disabl*; deactivat*; invalidat*; kill; cancel; block; rotat*; leaked; compromised; stolen; exposed; widerruf*; sperr*; l[öo]sch*; revoc*; elimin*; anul*; r[ée]voqu*; supprim*; revog*; exclu*',
    ),
    strangers: 'two_words',
  },
  request_restore: {
    label: 'something to be brought back',
    asks: wordsOf(
      'restor*; recover*; un-?delet*; retriev*; un-?archiv*; roll* .. back; undo; salvage; rescue; (?:bring|get|put|have|want|need|give) .. back; wiederherstell*; stell* .. wieder her; zurück*; recuper*; restaur*; récupér*; devolv*; trazer .. de volta',
    ),
    strangers: 'two_words',
  },
  resend_invitation: {
    label: 'an invitation to be sent again',
    asks: wordsOf(
      're-?send*; re-?invit*; (?:send|sent|invite|mail)* .. (?:again|once more|anew|new|another); remind*; another (?:invitation|invite|link); new (?:invitation|invite|link); noch ?mal; noch einmal; erneut; erinner*; reenv*; recuerd*; de nuevo; otra vez; renvo*; relanc*; rappel*; à nouveau; lembr*; de novo; novamente',
    ),
    tells: wordsOf(
      "(?:never|not|n't|didn't|hasn't|haven't|nothing|nicht|keine|no|pas|não|nunca|jamais) .. (?:get|got|receiv|arriv|come|came|see|find|found|bekomm|erhalt|recib|lleg|reç|arriv|receb|cheg)*; invit* .. (?:expired|ran out|missing|lost|spam|gone); (?:einladung|invitaci[oó]n|invitation|convite)* .. (?:abgelaufen|caduc|vencid|expir)*",
    ),
    strangers: 'never',
  },
  invite_member: {
    label: 'an invitation',
    asks: wordsOf(
      'invit*; re-?invit*; add; adding; added; onboard*; join*; enrol*; (?:give|get|grant) .. (?:access|seat|login)*; (?:needs?|wants?) .. (?:access|seat|login)*; new (?:member|colleague|user|guest|hire|admin|viewer)*; bring .. in; make .. (?:admin|member|guest|viewer)*; as (?:a |an )?(?:admin|member|guest|viewer)*; einlad*; eingeladen; lad* .. ein; hinzufüg*; füg* .. hinzu; aufnehmen; añad*; agreg*; convid*; ajout*; adicion*',
    ),
    strangers: 'never',
    newAddresses: true,
  },
  remove_member: {
    label: 'somebody to be removed',
    asks: wordsOf(
      'remov*; delet*; kick*; (?:take|throw|get)* .. (?:out|off|away); get rid; deactivat*; disabl*; off-?board*; suspend*; drop; expel; revoke .. (?:access|invit)*; (?:cancel|withdraw|take back) .. invit*; entfern*; lösch*; rauswerf*; rausnehm*; nimm .. raus; elimin*; borr*; quit[ae]*; expuls*; supprim*; retir*; enlev*; remov*; exclu*; tirar; tire',
    ),
    strangers: 'never',
  },
  change_member_role: {
    label: 'another role for somebody',
    asks: wordsOf(
      'role*; make*; promot*; demot*; becom*; shall be; should be; turn .. into; as (?:a |an )?(?:admin|member|guest|viewer)*; (?:give|set|change|switch|need|take|get|grant)* .. (?:admin|member|viewer|guest|rights?|role|access|permission)*; able to; allow*; upgrade; downgrade; edit; rolle*; mach*; soll*; rol; haz*; hacer; cambi*; rôle*; mett*; nomm*; passe*; papel; função; torn*; coloqu*',
    ),
    strangers: 'never',
  },
  set_notification: {
    label: 'notifications to be switched',
    asks: wordsOf(
      'notif*; (?:e-?)?mails?; push*; digest*; alert*; remind*; (?:un)?mut*; silenc*; snooze; unsubscribe*; ping*; mention*; comment*; everything; benachricht*; abbestell*; avis*; correo*; notific*; silenci*; courriel*; désabonn*; alerte*; e-mails; lembrete*',
    ),
    strangers: 'one_word',
    undeniable: true,
  },
  set_security: {
    label: 'a security setting to be changed',
    asks: wordsOf(
      'two-?factor; two factor; two-?step; 2fa; mfa; second factor; zwei-?faktor*; 2-?faktor*; (?:doble|dos) (?:factor|pasos)*; (?:double|deux) (?:authentification|facteur)*; (?:dois|duplo) (?:fator|passos)*; session*; sign .. out; log .. out; signed out; logged out; time-?out*; idle; inactiv*; password*; passwort*; passwörter*; character*; zeichen; contraseña*; mots? de passe; senha*; allow*; white-?list*; ip; ips; address*; network*; range; sitzung*; sesi*; sess*; add',
    ),
    strangers: 'two_words',
  },
  update_profile: {
    label: 'the profile to be changed',
    asks: wordsOf(
      'name*; call*; renam*; compan*; firm; organi[sz]ation; countr*; mov*; located; time ?zone*; time; languag*; speak*; industr*; sector; branch; address*; e-?mail*; mail; (?:use|write to|reach me at) \\S+@\\S+; we are; name; firma; land; zeitzone; sprache; adresse; heiß*; nombre; empresa; país; zona horaria; idioma; correo; dirección; nom; société; entreprise; pays; fuseau*; langue; nome; fuso; endereço',
    ),
    strangers: 'never',
    newAddresses: true,
  },
  request_export: {
    label: 'an export',
    asks: wordsOf(
      'export*; download*; cop(?:y|ies); archiv*; back-?up*; dump; zip; csv; json; xml; pdf; as a file; (?:want|need|give|send|get|have|hand over|take)* .. (?:data|everything|records|information|log|tasks|projects)*; portab*; exportier*; herunterlad*; kopie*; meine daten; unsere daten; copia*; descarg*; (?:mis|nuestros) datos; exporter; télécharg*; copie*; (?:mes|nos) données; baix*; cópia*; (?:meus|nossos) dados',
    ),
    strangers: 'two_words',
  },
  open_data_request: {
    label: 'a request under privacy law or for a document',
    asks: wordsOf(
      'gdpr; dsgvo; rgpd; lgpd; ccpa; cpra; hipaa; dpa; baa; avv; soc ?2; soc ii; iso; request*; right*; everything you (?:hold|have|know|store)*; what you (?:hold|have|know|store)*; personal data; rectif*; correct*; object*; restrict*; opt out; portab*; access; processing; agreement*; contract; sign; report*; certificat*; pentest; questionnaire; anspruch; recht; rechte; auskunft; berichtig*; widersp*; vertrag; derecho*; acceso; acuerdo; informe; droit*; accès; accord; rapport; direito*; acesso; acordo; relatório',
    ),
    strangers: 'two_words',
  },
  send_invoice: {
    label: 'a document to be sent',
    asks: wordsOf(`${SENDING} .. ${DOCUMENT}; ${DOCUMENT} .. ${SENDING}`),
    tells: wordsOf(
      "(?:never|not|n't|didn't|hasn't|haven't|can't|cannot|nicht|keine|no|pas|não) .. (?:invoice|receipt|bill|rechnung|beleg|factura|recibo|facture|reçu|fatura)*",
    ),
    strangers: 'two_words',
  },
  send_payment_link: {
    label: 'a link to pay',
    asks: wordsOf(
      'pay; paying; payment link; link .. pay*; pay* .. link; settle*; (?:other|another|new|different|second) .. card; (?:try|charge|run)* .. (?:again|once more); retry*; zahl*; bezahl*; begleich*; pagar; pago; pague; paguemos; enlace; payer; paie*; régl*; lien; link; quitar',
    ),
    tells: wordsOf(
      "(?:card|payment)s? .. (?:declin|fail|reject|refus|bounc|not accepted|did not go|didn't go)*; (?:declin|fail|reject|refus)* .. (?:card|payment)s?; past due; overdue; karte .. abgelehnt; tarjeta .. rechazad*; carte .. refus*; cartão .. recusad*",
    ),
    strangers: 'two_words',
  },
  cancel_deletion: {
    label: 'the deletion to be called back',
    asks: wordsOf(
      'keep*; stay*; (?:cancel|stop|undo|revert|reverse|abort|halt|withdraw|revoke|retract)*; call* .. (?:back|off); take .. back; changed .. mind; behalt*; abbrech*; stopp*; storn*; rückgängig; zurücknehm*; zurückzieh*; cancel*; conserv*; manten*; mantener; detén*; parar; annul*; gard*; conserv*; arrêt*; manter; mantenha*; desist*',
    ),
    tells: wordsOf(
      "(?:do not|don't|not to|never|no longer|not want .. to|no more) (?:\\p{L}+ )?(?:want .. )?(?:delet|eras|clos)*; (?:deletion|delete|deleting) .. (?:mistake|accident|by error)*; nicht (?:mehr )?lösch*; no (?:lo |la )?(?:borr|elimin)*; ne .. supprim*; não .. (?:apag|exclu)*",
    ),
    strangers: 'two_words',
  },
} as const satisfies Readonly<Record<string, AskedWords>>;

export type AskedAct = keyof typeof ASKED_WORDS;

/** All of them, not some: what an act on everybody or everything must be asked for with. */
export const EVERYTHING = wordsOf(
  'all; every; everyone; everybody; everywhere; everything; each; entire; whole; full; complete; any; anything; nothing; none; no more; alle; alles; allen; aller; überall; jede*; ganz*; komplett*; nichts; todo; toda; todos; todas; nada; tout; toute; tous; toutes; partout; rien; tudo; completo; completa; inteir*; complet*',
);
