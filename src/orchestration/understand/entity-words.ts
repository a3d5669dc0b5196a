/** The names that entities.ts knows and how they are written: features, competitors, integrations, technology, actions, signs of trouble. */

type Names = readonly (readonly [string, RegExp])[];

export const FEATURES: Names = [
  ['tasks', /\b(?:link|assign|create|creating|recurring|sub-?|old )\s?tasks?\b(?! to)|\btasks? (?:to a goal|list)\b/],
  ['boards', /\b(?:kanban|board view)s?\b/],
  ['timeline', /\b(?:timelines?|gantt)\b/],
  ['calendar', /\b(?<!google )(?<!outlook )calendar(?: view)?\b(?! (?:invite|sync))/],
  ['automations', /\bautomations?\b/],
  ['dashboards', /\bdashboards?\b(?! r?\s?(?:super )?slow)/],
  ['custom_fields', /\bcustom fields?\b/],
  ['templates', /\btemplates?\b(?<!from a template)/],
  ['time_tracking', /\btime[ -]?track(?:ing|er)\b|\btimesheets?\b/],
  ['forms', /\b(?:a|the|our|intake|request) forms?\b|\bforms\b/],
  ['docs', /\b(?:create|write|share|our|the) docs?\b|\bdocs (?:from|view)\b/],
  ['goals', /\bgoals?\b|\bokrs?\b/],
  ['reports', /\breport(?:ing)? (?:view|builder)\b/],
];

/** Monday is a day too: it counts as a product where one is compared with or left. */
export const COMPETITORS: Names = [
  ['asana', /\basana\b/],
  ['trello', /\btrello\b/],
  ['monday', /\bmonday\.com\b|\b(?:import|migrat\w+|switch\w*|mov\w+|export) (?:\w+ ){0,3}from monday\b|\b(?:than|versus|vs\.?) monday\b/],
  ['jira', /\b(?:import|migrat\w+|switch\w*|mov\w+|come|coming|leav\w+|compare\w*|than|versus|vs\.?) (?:\w+ ){0,3}jira\b/],
  ['clickup', /\bclick-?up\b/],
  ['notion', /\b(?:from|than|vs\.?|versus|to|use) notion\b|\bnotion (?:pages?|workspace|import)\b/],
  ['basecamp', /\bbasecamp\b/],
  ['wrike', /\bwrike\b/],
  ['smartsheet', /\bsmartsheet\b/],
  ['airtable', /\bairtable\b/],
];

export const INTEGRATIONS: Names = [
  ['slack', /\bslack\b/],
  ['github', /\bgit-?hub\b/],
  ['gitlab', /\bgitlab\b/],
  ['google_calendar', /\b(?:google calendar|gcal)\b/],
  ['google_drive', /\b(?:google drive|gdrive)\b/],
  ['microsoft_teams', /\b(?:microsoft|ms) teams\b/],
  ['outlook', /\boutlook\b/],
  ['salesforce', /\bsales-?force\b/],
  ['zapier', /\bzapier\b/],
  ['jira', /\bjira (?:integration|sync|connector|connection|app|plugin)\b|\b(?:connect|link|sync|integrat)\w* (?:\w+ ){0,3}jira\b/],
];

export const TECH_STACK: Names = [
  ['python', /\bpython\b/],
  ['javascript', /\bjavascript\b|\bjs sdk\b/],
  ['typescript', /\btypescript\b/],
  ['node', /\bnode(?:\.?js)?\b/],
  ['java', /\bjava\b/],
  ['go', /\bgolang\b|\bgo (?:client|sdk|library|module|code|app)\b|\bin go\b(?!ing)/],
  ['ruby', /\bruby\b/],
  ['php', /\bphp\b/],
  ['dotnet', /(?:\bc#|\.net\b|\bdotnet\b)/],
  ['rust', /\brust\b/],
  ['curl', /\bcurl\b/],
  ['postman', /\bpostman\b/],
  ['react', /\breact(?: native|\.js)\b|\breact app\b/],
  ['docker', /\bdocker\b/],
  ['kubernetes', /\b(?:kubernetes|k8s)\b/],
  ['aws', /\b(?:aws|lambda)\b/],
  ['safari', /\bsafari\b/],
  ['firefox', /\bfirefox\b/],
  ['edge', /\b(?:microsoft |ms |in |on )edge\b(?! case)/],
  ['windows', /\bwindows(?: \d+| pc| laptop)\b|\bon windows\b/],
  ['macos', /\b(?:mac ?os|macbook|on (?:a |my )?mac)\b/],
  ['linux', /\b(?:on|for|ubuntu) linux\b(?<!for linux)|\bubuntu\b/],
  ['ios', /\b(?:ios|iphone|ipad)\b/],
  ['android', /\bandroid\b/],
];

/** What the customer wants done, in the order in which one counts before another. */
export const ACTIONS: Names = [
  ['refund', /\brefund\b|\bmoney back\b|\breembolso\b|\brückerstattung\b|\bremboursement\b/],
  ['cancel', /\bcancel(?:l?ing|l?ation)?\b|\bkündigen\b|\bcancelar\b|\brésilier\b|\bstop the subscription\b/],
  ['upgrade', /\bupgrad(?:e|ing)\b|\bmove (?:\w+ ){0,3}up to\b/],
  ['downgrade', /\bdowngrad(?:e|ing)\b|\bherunterstufen\b/],
  ['export', /\b(?:need|want|like|please|can|could|how) (?:\w+ ){0,4}export\b(?! button)|^export\b|\bexportar\b/],
  ['import', /\bimport\b(?! (?:failed|button|wasn't|was|is))(?! wasn)/],
  ['invite', /\binvit(?:e|ing|er|ar)\b(?! mail)/],
  ['remove', /\bremove\b/],
  ['reset', /\breset (?:my|the|our|a|his|her|your)\b/],
  ['connect', /\bconnect (?:\w+ )|\blink our\b|\bhook up\b/],
  ['restore', /\brestore\b(?! button)(?<!be restored)|\bundelete\b/],
  ['delete', /\b(?:i|we|to|please|accidentally|can) delet(?:e|ed)\b/],
  ['create', /\b(?:to|i|we|please|can|could) create\b/],
  ['update', /\b(?:update|change) (?:my|our|the|his|her) (?:\w+ ){0,2}(?:address|name|email|e-mail|details|card|language|password|number)\b/],
];

/** Signs of trouble: something fails, is missing, is wrong. "No problem" and "any problem" are none. */
export const PROBLEMS = new RegExp(
  [
    "\\b(?:doesn't|does not|don't|do not|didn't|won't|isn't|is not|aren't|not|never|stopped) (?:\\w+ ){0,2}(?:work(?:ing)?|load(?:ing)?|open(?:ing)?|sync(?:ing|ed)?|save|saving|start(?:ing)?|show(?:ing)?|appear|arriv(?:e|es|ing|ed)|find|finds|upload|respond(?:ing)?|update|updating)\\b",
    "\\b(?:does|do|has|have) nothing\\b",
    "\\b(?:hasn't|haven't) (?:synced|arrived|updated|loaded)\\b",
    "\\b(?:can't|cannot|can not|couldn't|unable to) (?:\\w+ ){0,2}(?:log|sign|access|open|see|save|load|upload|use|get|take|edit|find|connect)\\b",
    '\\bcrash(?:es|ed|ing)?\\b|\\bfr(?:oze|eez(?:e|es|ing)|ozen)\\b|\\bhangs?\\b|\\bstuck\\b|\\bbroken\\b|\\bbugs?\\b|\\bbuggy\\b|\\bglitch\\w*',
    '\\bfail(?:s|ed|ing|ures?)?\\b|\\berrors?\\b(?! codes? (?:list|mean))|\\bdeclined\\b|\\brejected\\b|\\bbounced\\b|\\bout of sync\\b',
    '\\b(?:is|are|was|were|completely|totally|all|everything|api|site|app) down\\b|\\boutage\\b|\\boffline\\b(?! (?:mode|access))',
    '\\b(?:super|so|very|really|too|extremely) slow\\b|\\bslow\\b(?= (?:today|since|lately|again|to))|\\btakes (?:forever|ages|like)\\b|\\btimes? out\\b|\\btimeouts?\\b|\\blag(?:s|gy|ging)?\\b',
    '\\b(?:is|are|all|went|stays?|still) (?:gone|missing|empty|blank|lost|locked)\\b|\\blocked out\\b|\\bdata loss\\b|\\btasks gone\\b',
    '\\b(?:lost|deleted|overwrote|wiped|ate) (?:an? |my |our |the |all |half )|\\bduplicates?\\b|\\bcharged (?:me |us )?twice\\b|\\bduplicate charge\\b',
    "\\bcloses itself\\b|\\bwon't start\\b|\\bstopped (?:working|arriving|syncing)\\b|\\bstopped and\\b|\\bno (?:e-?mails?|push|notifications?|sound) (?:\\w+ ){0,3}(?:arriving|any more|anymore|on my)\\b",
    '\\b(?:hacked|compromised|unauthori[sz]ed|leaked?|breach(?:ed)?)\\b(?! at another)|\\bdrag and drop doesn',
    '\\bfunktioniert nicht\\b|\\bgeht nicht\\b|\\bfehler\\b|\\bnicht mehr anmelden\\b|\\bno funciona\\b|\\bno puedo (?:entrar|acceder|abrir)\\b|\\bne (?:marche|fonctionne) pas\\b',
    "\\bn'arrive pas\\b|\\bplante\\b|\\bnão (?:funciona|consigo|abre)\\b|\\berro\\b",
  ].join('|'),
);
