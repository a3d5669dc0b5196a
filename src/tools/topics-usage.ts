/**
 * What a customer's words are about when they use the product: getting started, learning, working better, taking work out, bringing
 * it in, sharing it. Same rules as topics.ts: linear patterns, and no rather than yes when in doubt.
 */
import { plain } from './reading.ts';
import { isAboutPlans } from './topics.ts';

/** First steps, and what comes next. */
export function isAboutOnboarding(text: string): boolean {
  const said = plain(text);
  return [
    /\b(?:getting started|get started|first steps?|onboarding|next steps?|set-?up (?:progress|checklist|steps?))\b/,
    /\b(?:where|how) (?:do|should|would|can) (?:i|we) (?:start|begin)\b/,
    /\b(?:just|only|newly) (?:signed up|registered|joined|started)\b|\bsigned up (?:today|yesterday|just now)\b|\b(?:i'm|i am|we're|we are) new(?: here| to (?:this|loomwork))?\b/,
    /\bwhat (?:should|do|can|must) (?:i|we) do (?:first|next|now)\b|\bwhat(?:'s| is) (?:next|left|missing|still open)\b[^.!?]{0,24}(?:set|setup|start)/,
    /\b(?:set|setting) (?:everything |it |this |loomwork |the workspace )?up\b[^.!?]{0,30}\b(?:left|missing|open|first|completely|progress)\b/,
  ].some((pattern) => pattern.test(said));
}

/** Learning a feature, or what there is. */
export function isAboutFeatures(text: string): boolean {
  const said = plain(text);
  if (isAboutPlans(text) || isBroken(said)) return false;
  return [
    /\b(?:teach|explain|explane|tutorials?|lessons?|course|training|train|walk ?through|introduc\w+|guide to|deep dive|crash course|learn|learning|understand)\b/,
    /\bwalk (?:me|us) through\b|\bshow me (?:how|something|an example|the features)\b|\bhow (?:do|does) \w+(?: \w+)? work\b|\bwhat (?:is|are) (?!the price)(?:\w+ ){1,3}(?:good )?for(?: exactly)? ?(?:[?!.,]|$)/,
    /\b(?:what|which|all|other|more|list of|overview of) (?:\w+ ){0,2}features\b|\bfeatures (?:do|does|are|is|you|that)\b|\bwhat (?:else )?can (?:loomwork|it|i do|we do)\b|\btips and tricks\b/,
    /\b(?:difference between|never (?:understood|grasped)|no (?:clue|idea) what|grasp|wrap my head|explained|for dummies|101|demo|demonstrat\w*|tour|show (?:me|us) (?:around|what|more)|tell me everything|power user|webinars?|videos?|academy|exercise|practice task|conceptually|handbook|go deeper|quiz)\b/,
    /\bwhat (?:do|does) \w+(?: \w+){0,4} mean\b|\bnew to (?:kanban|scrum|gantt|project)\b|\b(?:erklär\w*|expliqu\w+|enseñ\w+|aprender|petit cours|wozu brauche)\b/,
    /\b(?:best|good) (?:use|way to use)\b|\bhow (?:do|should|can) (?:i|we) use\b|\bwhat(?:'s| is) the (?:point|idea)\b|\bwhat can (?:i|we) do with\b/,
  ].some((pattern) => pattern.test(said));
}

/** What the team uses, and what it leaves unused. */
export function isAboutFeatureUse(text: string): boolean {
  const said = plain(text);
  return [
    /\b(?:features?|functions?|tools?)\b[^.!?]{0,30}\b(?:we|i|my team|our team) (?:\w+ )?(?:use|using|used|need|ignore|miss)\b/,
    /\b(?:not|n't|never|hardly|barely|only|un)[ -]?(?:\w+ ){0,3}us(?:e|ed|ing)\b[^.!?]{0,30}\b(?:features?|percent|%|half|everything|of it|potential)\b/,
    /\bwhat (?:am i|are we) (?:missing|not using)\b|\bwhat else (?:is there|can|could|should)\b|\bmore out of (?:it|loomwork|the tool|this)\b|\badoption\b/,
    /\b(?:how much|how often|how many)\b[^.!?]{0,24}\b(?:use|used|using)\b[^.!?]{0,24}\b(?:features?|automations?|dashboards?|templates?|forms?|goals|docs?)\b/,
  ].some((pattern) => pattern.test(said));
}

/** Working better with what there is. */
export function isAboutWorkflow(text: string): boolean {
  const said = plain(text);
  return [
    /\b(?:work ?flows?|efficien\w+|inefficien\w+|streamlin\w+|optimi[sz]\w*|productiv\w+|bottlenecks?|repetitive|best practices?|cycle time|lead times?|hand-?offs?|hand-?overs?|double entry|duplicate work)\b/,
    /\b(?:too much|so much|all this|lots? of) (?:\w+ )?(?:manual|time|work|admin|clicking|copy)\b|\b(?:by hand|manually)\b|\bcopy(?:ing)?[ -](?:and[ -])?past\w+/,
    /\b(?:sav(?:e|es|ing)|wast(?:e|es|ing|ed)|los(?:e|es|ing)|spend(?:s|ing)?|cut) (?:us |me |so much |a lot of |the |\d+ )?(?:admin )?(?:time|hours|hrs)\b|\bfewer clicks\b|\bless (?:work|chasing)\b/,
    /\bhow (?:should|would|do|can|could) (?:we|i|you|one|a \w+|other \w+|teams?) (?:\w+ )?(?:structure|organi[sz]e|arrange|set up|lay ?out|model|standardi[sz]e|improve|work)\b/,
    /\b(?:review|audit|assess\w*|look at|clean up|simplify|improve|tidy|redesign)\b[^.!?]{0,24}\b(?:setup|set-up|process(?:es)?|boards?|structure|way (?:we|of)|workspace|flow|projects?)\b/,
    /\b(?:approvals?|stand-?ups?|status (?:updates?|calls?|meetings?)|chas(?:e|ing)|nudging|overdue all|backlog|sprint boards?|scrum|triage|naming|granular|rework|onboarding of new)\b/,
    /\b(?:suggest\w*|recommend\w*|advi[cs]e|ideas?|tips|quick wins?|guidance)\b[^.!?]{0,60}\b(?:process|team|work\w*|setup|method|structure|flow|boards?|projects?|way|method|routine|leaner|rollout|roll)\b/,
    /\b(?:one|separate|single|huge|several|same) (?:\w+ )?boards?\b|\bone (?:big )?project\b|\b(?:chaos|chaotic|mess|messy|drowning|overloaded|cracks)\b/,
    /\b(?:organisieren|strukturier\w+|verbessern|proceso|mejorar|automatizar|organiser notre|efficace)\b/,
    /\b(?:best|better|smart(?:er|est)?|lean(?:er)?|ideal|proven|sensible) (?:way|set-?up|structure|process|arrangement|flow|method|number of)\b|\bautomate (?:the|our|first|for)\b/,
  ].some((pattern) => pattern.test(said));
}

/** Taking work out. Invoices and personal data are others' to give. */
export function isAboutExport(text: string): boolean {
  const said = plain(text);
  if (/\b(?:invoices?|receipts?|gdpr|personal data|audit log|statement)\b/.test(said) || isAboutImport(text)) return false;
  return [
    /\b(?:re-?)?export(?:s|ed|ing)?\b/,
    /\b(?:print|printing|printed|printable|printout)\b/,
    /\b(?:as|into|in|to|a|an) (?:\w+ )?(?:csv|pdf|json|excel|xlsx?|spreadsheet|markdown|png)\b/,
    /\b(?:download|save|dump|get|pull|back ?up)\b[^.!?]{0,40}\b(?:tasks?|boards?|projects?|reports?|time ?sheets?|hours|dashboards?|gantt|timeline|docs?|data)\b[^.!?]{0,30}\b(?:out|file|sheet|csv|pdf|excel|xlsx|json|down|drive|computer)\b/,
    /\b(?:xlsx|csv|pdf|xml|json)s?\b|\bdump of\b|\bmachine-readable\b|\bopen (?:file )?format\b/,
    /\bdownload(?:s|ed|ing)?\b[^.!?]{0,40}\b(?:tasks?|boards?|projects?|reports?|time ?sheets?|charts?|dashboards?|attachments?|docs?|formats?|excel)\b/,
    /\b(?:excel|spreadsheet|word document|google sheets?|powerpoint)\b|\bon paper\b|\bas (?:a )?(?:file|picture|image)\b/,
    /\b(?:exportar|exportieren|exporter|herunterladen|ausdrucken|drucken|descarg\w+|imprim\w+|télécharg\w+)\b/,
  ].some((pattern) => pattern.test(said));
}

const OTHER_TOOLS =
  'trello|asana|jira|monday(?:\\.com)?|clickup|notion|todoist|wrike|basecamp|smartsheet|airtable|planner|ms project|microsoft project|google sheets?|excel|csv|spreadsheets?|google tasks|outlook tasks|toggl|evernote';

/** Bringing work in. */
export function isAboutImport(text: string): boolean {
  const said = plain(text);
  return [
    /\b(?:re-?)?import(?:s|ed|er|ing)?\b(?! of (?:goods))/,
    /\bmigrat(?:e|es|ed|ing|ion)\b/,
    new RegExp(`\\b(?:from|off|leave|leaving|replace|replacing) (?:our |my |the |an? )?(?:old )?(?:${OTHER_TOOLS})\\b(?! (?:export|as))`),
    new RegExp(`\\b(?:${OTHER_TOOLS})\\b[^.!?]{0,40}(?:->|\\b(?:into|to|over to|in) (?:here|loomwork|your|tasks|a project|the timeline|one project)\\b)`),
    /\b(?:upload|load)(?:s|ing|ed)? (?:\w+ ){0,4}(?:csv|xlsx?|excel|spreadsheet|sheet|list|file|plan)\b/,
    // Other tools for the same work are named by whoever comes from there.
    /\b(?:trello|asana|jira|monday\.com|clickup|todoist|wrike|basecamp|smartsheet|airtable|ms project|microsoft to do|wunderlist|podio|planner)\b/,
    /\b(?:csv|xlsx?|spreadsheet|file|sheet|list)\b[^.!?]{0,60}\b(?:in(?:to)? (?:here|loomwork)|(?:become|became|turned? into|as|into|create) (?:\w+ )?(?:tasks?|cards?|projects?)|header|columns? (?:does|do|are|must)|rows? (?:turned|became|can|limit)|rejected|unsupported)\b/,
    /\b(?:could not parse|unsupported file|invalid header|row limit|header row|mapping (?:screen|step)|date column)\b|\bcards? (?:came|come) (?:across|in|over)\b/,
    /\b(?:importier\w*|importar|importer des|importe[rz]?|transférer|umziehen|wir ziehen von|subir un archivo|traer mis)\b/,
    /\bbring(?:ing)? (?:\w+ ){0,5}(?:over|across|in|here)\b[^.!?]{0,30}\b(?:from|tasks|issues|cards|boards|projects|lists?)\b|\bcopy our board from\b/,
  ].some((pattern) => pattern.test(said));
}

/** Working together on content. */
export function isAboutSharing(text: string): boolean {
  const said = plain(text);
  if (isAboutPlans(text)) return false;
  return [
    /\b(?:shar(?:e|es|ed|ing))\b[^.!?]{0,40}\b(?:projects?|boards?|tasks?|docs?|links?|with|view|plan|dashboards?)\b/,
    /\bguests?\b|\bpublic link\b|\bco-?edit\w*|\bcollaborat\w+/,
    /\b(?:clients?|customers?|freelancers?|contractors?|suppliers?|externals?|outsiders?|partners?|sponsors?|parents|architects)\b[^.!?]{0,50}\b(?:see|view|look|access|comment|read|open|join|account)\b/,
    /\b(?:let|lets|invite|bring)\b[^.!?]{0,40}\b(?:into|to|at|on|see|view) (?:\w+ ){0,2}(?:board|project|doc|task|roadmap|plan)\b/,
    /\bwho (?:else )?(?:can|could|has|is) (?:see|seeing|access|in|watching|following)\b/,
    /\b(?:comments?|mention(?:s|ing)?|@mention|followers?|watchers?)\b[^.!?]{0,60}\b(?:task|colleague|team|edit|reply|resolve|pin|guests?|internal|see|notify|stop|add)\b/,
    /\b(?:comment(?:s|ing)?|mention(?:s|ed|ing)?|watchers?|watching|followers?|co-?own|discuss\w*|typing|remarks?|feedback)\b/,
    /(?:^|\s)@\w/,
    /\b(?:un)?follow(?:ing)? (?:a|the|this|my) (?:task|card|project)\b|\btag (?:a |my |the |whole |our )*(?:team|supervisor|boss|colleagues?|people)\b|\bembed\b/,
    /\blink\b[^.!?]{0,40}\b(?:view|timeline|board|project|expire|password|boss|colleague|task)\b|\b(?:two|three|four|five|\d) (?:people|owners|students|departments|lab members)\b|\bcollab\b/,
    /\b(?:teile|teilen|zuweisen|mencionar|partager|compartir|comentario|mismo tiempo)\b/,
    /\b(?:two|both|several|multiple|more than one) (?:people|persons|assignees?|of us)\b|\bat the same time\b|\bworking together\b/,
  ].some((pattern) => pattern.test(said));
}

/** Something that does not do what it should is not asked about to learn it. */
function isBroken(said: string): boolean {
  return /\b(?:error|broken|crash\w*|fail(?:s|ed|ing)?|stopped working|(?:does|do|did|is|are)(?:n't| not) (?:work|load|open|save|show)\w*|slow)\b/.test(said);
}
