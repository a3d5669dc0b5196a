/**
 * Words of everyday English that say little about a topic although few articles hold them: time, number, manner, places, and what
 * everybody does all day. Rarity among articles overrates them. Words of asking and politeness, which count nothing, are question.ts.
 */
const EVERYDAY_LINES = `
monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november december
jan feb mar apr jun jul aug sep sept oct nov dec morning noon afternoon evening night midnight tonight tomorrow week weeks weekend month months
year years minute minutes hour hours second seconds moment while ago already always never often sometimes usually again once soon later late early
earlier lately recently since until till yet now then when whenever before after during still anymore finally suddenly immediately currently
last next previous past recent first third half
one two three four five six seven eight nine ten eleven twelve hundred thousand dozen couple few several many much more most less least lot lots
some any every each both all other others another same different various whole entire full only just even also too either neither enough rather quite
very really pretty almost nearly exactly actually basically simply maybe perhaps probably certainly definitely honestly hopefully
good great nice fine well better bad worse worst right wrong ok okay big small large little long short new old young easy hard simple clear
certain own such able possible impossible normal usual real true sure ready free happy sorry afraid
here there where everywhere somewhere anywhere nowhere inside outside within without above below under over behind between across through around
into onto off up down out away back forward together apart along against among beside
someone somebody anyone anybody everyone everybody nobody none nothing something anything everything thing things stuff person people man woman guy guys
friend friends wife husband daughter son mother father brother sister kid kids family boy girl partner boss chief colleague colleagues
coworker crew folks lady gentleman sir madam mr mrs ms dr dear hello hi hey bye thanks thank please kindly regards cheers greetings
be am is are was were been being do does did done doing have has had having get gets got getting give gives gave given giving go goes went gone going
come comes came coming take takes took taken taking make makes made making put puts putting bring brings let lets keep keeps kept keeping
see sees saw seen seeing look looks looked looking watch find finds found hear hears heard feel feels felt think thinks thought know knows knew known
want wants wanted wanting need needs needed like likes liked love hate hope wish wonder believe guess suppose mean means meant expect expected
say says said saying tell tells told telling talk talks speak speaks ask asks asked asking answer answers answered call calls called write writes wrote written
try tries tried trying use uses used using work works worked working play happen happens happened happening seem seems seemed appear turn turns turned
start starts started begin begins began stop stops stopped end ends ended finish run runs ran running live lives lived stay stays leave leaves left
help helps helped helping show shows showed shown explain explains check checks checked tick mind matter matters bother remember forget
hold holds held stand stands stood sit sits lie lies fall falls fell grow grows pick picks picked throw pull pulls pulled push pushed touch touched
buy bought sell sold pay cost wait waits waited follow follows meet meets met join joins visit send receive return returns reach reaches
must should shall would could can cannot might will not no yes nor if unless because though although however therefore instead otherwise
how what which who whom whose why that this these those it its they them their theirs he him his she her hers we us our ours you your yours i me my mine
myself yourself itself ourselves themselves
way ways place places side part parts case cases point points kind kinds sort type bit piece reason reasons idea ideas fact problem problems issue issues
question questions trouble situation chance time times day days today yesterday world country city town house home office street road room door
life job business company firm shop store studio agency school money head hand hands eye eyes face voice name names word words letter line lines
number numbers list note story news book paper picture water food coffee lunch breakfast dinner car train trip
non effective formal notice reference regarding concerning according evaluate fully strange weird odd funny crazy annoying annoyed angry
urgent asap quickly quick fast slowly properly correctly accidentally
clinic site foreman designer designers architect developer developers engineer engineers lawyer nurse teacher manager director owner assistant
london paris berlin oslo lisbon madrid porto rome vienna zurich geneva amsterdam lagos nairobi sydney manila boston chicago
`;
export const EVERYDAY: ReadonlySet<string> = new Set(EVERYDAY_LINES.trim().split(/\s+/));
