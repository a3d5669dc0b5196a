/**
 * Whether a message is a plain yes to what was just proposed. Errs on the side of no: a message counts only when every word of it is
 * known to agree or to mean nothing else, so whoever adds a condition, a question, another wish or another sum is asked again.
 * Words of the five languages customers write in most; understands no sentences.
 */

/** A plain yes is short; a longer message says something else as well. */
const CHARS_MAX = 160;

/** What the yes answers: its own words may be repeated in it ("yes, refund it"), those of other things may not. */
export const YES_SUBJECTS = ['refund', 'plan_change', 'discount', 'action'] as const;
export type YesSubject = (typeof YES_SUBJECTS)[number];

export interface Proposal {
  readonly subject?: YesSubject;
  /** Sums that were proposed, as they may be written back: "$675.00", "675.00", "675". */
  readonly amounts?: readonly string[];
  /** Words of this very proposal: "upgrade", "premium". */
  readonly words?: readonly string[];
}

/** What agrees by itself. Longer ones first, because the first that fits is taken. */
const AGREEING = phrases(`
  of course; go ahead; go for it; go on; please do; do it; do so; do that; please proceed; proceed; sounds good; sounds great; that works; works for me;
  let's do it; let's do that; let us do it; let us do that; let's go; i agree; we agree; i accept; we accept; i confirm; we confirm; i approve; we approve; i do; we do; i would; we would;
  i'd like that; i would like that; we would like that; i want that; we want that; that's fine; that is fine; fine by me; fine with me; that's right; that's correct; that is correct;
  that would be great; that'd be great; very well; by all means; make it so; for sure; all good; you may; you can;
  yes; yep; yeah; yup; yea; ya; yess; aye; y; sure; certainly; absolutely; definitely; ok; okay; okey; k; fine; agreed; accepted; confirm; confirmed; correct; right; deal; approved; affirmative; please;
  ja; jawohl; jo; gerne; einverstanden; passt; mach das; machen sie das; bitte; in ordnung; klar; genau; natürlich; auf jeden fall;
  si; sí; claro; de acuerdo; vale; adelante; hazlo; háganlo; por supuesto; acepto; confirmo; correcto;
  oui; ouais; d'accord; volontiers; allez-y; entendu; bien sûr; je confirme; j'accepte; c'est bon; ça marche;
  sim; pode ser; concordo; claro que sim; pode fazer; aceito; com certeza
`);

/** What may stand beside it and changes nothing. */
const EMPTY = phrases(`
  i; we; it; that; this; them; these; those; the; my; our; me; us; you; your; to; for; with; is; am; are; be; and; so; a; an; of; in; on; as; by; now; then; just; really; too; all; both; very; much; again; back; right away; straight away; immediately; today;
  thing; please; pls; plz; thanks; thank you; thank you very much; thx; ty; cheers; kindly; great; good; perfect; nice; cool; super; awesome; excellent; wonderful; lovely; amazing; oh; ah; well; hi; hello; hey; dear; alright; all right; great to hear;
  do; want; would; like; happy; glad; can; go; ahead; proceed; apply; accept; approve; exactly; course; sounds; works; amount; sum; total; offer; proposal; that's; it's; i'm; i'd; we'd; love; help; your help; done; best; regards; kind regards; best regards;
  danke; vielen dank; dankeschön; das; es; so; mit; dem; der; die; den; betrag; ist; für; mich; uns; gut; prima; sehr; bitte; machen; sie; du; ich; wir; bin; damit; alles;
  gracias; muchas gracias; por favor; el; la; lo; le; está; esta; bien; muy; perfecto; eso; con; monto; estoy;
  merci; beaucoup; merci beaucoup; s'il vous plaît; s'il te plaît; svp; parfait; très; bien; c'est; ça; je; nous; le; la; les; pour; montant; suis; faites-le; faites; vas-y;
  obrigado; obrigada; muito; por favor; o; a; isso; está; bom; ótimo; perfeito; com; valor; pode; faça
`);

const OF_SUBJECT: Readonly<Record<YesSubject, ReadonlySet<string>>> = {
  refund: phrases(
    'refund; refunded; refunding; refunds; issue; send; return; reimburse; pay; give; money; payment; charge; duplicate; card; account; original; erstatten; erstattung; zurück; rückerstattung; geld; reembolso; reembolsar; devolución; remboursement; remboursez; rembourser; reembolse',
  ),
  // Nothing that names a direction: "yes, cancel it" must not agree to an upgrade. The offer brings its own words.
  plan_change: phrases(
    'plan; change; changing; update; seats; seat; licences; licenses; subscription; billing; charge; pay; card; ändern; abo; tarif; cambiar; suscripción; changer; abonnement; mudar; assinatura; plano',
  ),
  discount: phrases('discount; percent; off; stay; staying; deal; use; take; keep; rabatt; descuento; remise; réduction; desconto'),
  action: phrases(
    'delete; deletion; erase; close; remove; account; workspace; data; everything; permanently; request; start; löschen; konto; eliminar; borrar; cuenta; supprimer; compte; excluir; apagar; conta; export; restore',
  ),
};

const LONGEST = 5;

export function isYes(said: string, { subject, amounts = [], words: own = [] }: Proposal = {}): boolean {
  const text = said
    .normalize('NFKC')
    .replace(/[’‘`´]/g, "'")
    .toLowerCase()
    .trim();
  // Quotation marks, brackets and the like: words that somebody else may have written.
  if (text === '' || text.length > CHARS_MAX || /[?"“”„«»<>{}[\]()|\\/#*_=:;]/.test(text)) return false;
  if (/^(?:👍|✅|👌|🙏)+[\s!.]*$/u.test(text.replaceAll(/[\u{1F3FB}-\u{1F3FF}]|\uFE0F/gu, ''))) return true;
  const words = withoutAmounts(text, amounts)
    .split(/[\s,.!…–—-]+/u)
    .filter((word) => word !== '');
  const allowed = new Set([...(subject === undefined ? [] : OF_SUBJECT[subject]), ...own.map((word) => word.toLowerCase())]);
  let agreed = false;
  for (let at = 0; at < words.length;) {
    const agreeing = longest(words, at, AGREEING);
    const taken = agreeing || longest(words, at, EMPTY) || longest(words, at, allowed);
    if (taken === 0) return false;
    agreed ||= agreeing > 0;
    at += taken;
  }
  return agreed;
}

/** The text without the sums that were proposed; any other digit stays and is no word of a yes. */
function withoutAmounts(text: string, amounts: readonly string[]): string {
  return amounts
    .toSorted((a, b) => b.length - a.length)
    .reduce(
      (left, amount) => left.replace(new RegExp(`(?<![\\d.,$€£])${escape(amount.toLowerCase())}(?![\\d]|[.,]\\d)(?: ?(?:dollars|usd|euros?|eur))?`, 'gu'), ' '),
      text,
    );
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/** How many words from `at` on are one known phrase; 0 when none is. */
function longest(words: readonly string[], at: number, known: ReadonlySet<string>): number {
  for (let count = Math.min(LONGEST, words.length - at); count > 0; count -= 1) {
    if (known.has(words.slice(at, at + count).join(' '))) return count;
  }
  return 0;
}

function phrases(list: string): ReadonlySet<string> {
  return new Set(
    list
      .split(';')
      .map((phrase) => phrase.replaceAll('-', ' ').trim().replace(/\s+/g, ' '))
      .filter((phrase) => phrase !== ''),
  );
}
