/**
 * What the customer reads when an agent may not do alone what they agreed to: to whom it was passed on, and that the answer goes on
 * here. One fixed sentence in each language, because it stands there before anybody has decided; promises no outcome and no time.
 */
import type { Needed } from '../store/approval.ts';
import type { Language } from './understand/language.ts';

type Level = Needed['level'];
type Who = Readonly<Record<Level, readonly [one: string, two: string]>>;

const EN: Who = {
  agent: ['a colleague', 'two colleagues'],
  lead: ['a support lead', 'two support leads'],
  manager: ['a manager', 'two managers'],
  director: ['a director', 'two directors'],
  vp: ['a vice president', 'two vice presidents'],
  executive: ['an executive', 'two executives'],
};
const DE: Who = {
  agent: ['jemanden aus unserem Team', 'zwei Leute aus unserem Team'],
  lead: ['unsere Teamleitung', 'zwei Leute aus unserer Teamleitung'],
  manager: ['unser Management', 'zwei Leute aus unserem Management'],
  director: ['unsere Bereichsleitung', 'zwei Leute aus unserer Bereichsleitung'],
  vp: ['unsere Vertriebsleitung', 'zwei Leute aus unserer Vertriebsleitung'],
  executive: ['unsere Geschäftsleitung', 'zwei Leute aus unserer Geschäftsleitung'],
};
const ES: Who = {
  agent: ['una persona de nuestro equipo', 'dos personas de nuestro equipo'],
  lead: ['un responsable de soporte', 'dos responsables de soporte'],
  manager: ['un gerente', 'dos gerentes'],
  director: ['un director', 'dos directores'],
  vp: ['un vicepresidente', 'dos vicepresidentes'],
  executive: ['un directivo', 'dos directivos'],
};
const FR: Who = {
  agent: ['un membre de notre équipe', 'deux membres de notre équipe'],
  lead: ['un responsable du support', 'deux responsables du support'],
  manager: ['un manager', 'deux managers'],
  director: ['un directeur', 'deux directeurs'],
  vp: ['un vice-président', 'deux vice-présidents'],
  executive: ['un membre de la direction', 'deux membres de la direction'],
};
const PT: Who = {
  agent: ['uma pessoa da nossa equipa', 'duas pessoas da nossa equipa'],
  lead: ['um responsável de suporte', 'dois responsáveis de suporte'],
  manager: ['um gerente', 'dois gerentes'],
  director: ['um diretor', 'dois diretores'],
  vp: ['um vice-presidente', 'dois vice-presidentes'],
  executive: ['um membro da administração', 'dois membros da administração'],
};

const english = (who: string): string => `I may not decide this alone, so I have passed it on to ${who}; this answer goes on here once it is decided.`;

const IN: Readonly<Record<Language, { readonly who: Who; readonly say: (who: string) => string }>> = {
  en: { who: EN, say: english },
  de: {
    who: DE,
    say: (who) => `Das darf ich nicht allein entscheiden und habe es an ${who} weitergegeben; diese Antwort geht hier weiter, sobald entschieden ist.`,
  },
  es: { who: ES, say: (who) => `No puedo decidir esto por mi cuenta y lo he pasado a ${who}; esta respuesta continúa aquí en cuanto esté decidido.` },
  fr: { who: FR, say: (who) => `Je ne peux pas en décider seul et je l’ai transmis à ${who} ; cette réponse continuera ici dès que ce sera décidé.` },
  pt: { who: PT, say: (who) => `Não posso decidir isto sozinho e passei-o a ${who}; esta resposta continua aqui assim que estiver decidido.` },
  other: { who: EN, say: english },
};

export function passedOnSentence({ level, people }: Pick<Needed, 'level' | 'people'>, language: Language): string {
  const { who, say } = IN[language];
  return say(who[level][people - 1] ?? who[level][0]);
}
