/**
 * Which person of the workspace an act is about, and whether the customer named them: by mail address, full name, or a first or family
 * name that only one person there has. Reads only what it is given.
 */
import { AppError, notFound } from '../foundation/errors.ts';
import { isOwnlyNamed, type Words } from './grounding.ts';

/** Names that are everyday words too: alone they name nobody. */
const WORDS_TOO = new Set(
  'an art bill brown can chance de dawn do el faith frank grace grant green guy hope in joy king la le long mark may no pat rich rose so sue to van von will young'.split(
    ' ',
  ),
);

export interface Named {
  readonly name: string;
  readonly email: string;
}

/**
 * The one of these whom the reference means.
 * @throws AppError NOT_FOUND when it is nobody, CONFLICT when it could be several or when the customer has not named them.
 */
export function personMeant<T extends Named>(people: readonly T[], reference: string, words: Words): T {
  const wanted = fold(reference);
  const byEmail = people.filter((person) => fold(person.email) === wanted);
  const byName = people.filter((person) => fold(person.name) === wanted);
  const byPart = people.filter((person) => partsOf(person.name).includes(wanted));
  const [meant, ...others] = [byEmail, byName, byPart].find((found) => found.length > 0) ?? [];
  if (!meant) throw notFound('person in this workspace');
  if (others.length > 0) throw new AppError('CONFLICT', 'Several people of the workspace have this name. Ask for the e-mail address of the one who is meant.');
  if (!isPersonNamed(meant, people, words))
    throw new AppError('CONFLICT', 'The customer has not named this person. Ask who exactly is meant, by name or e-mail address.');
  return meant;
}

/** Those of these people whom the customer named. */
export function peopleNamed<T extends Named>(people: readonly T[], words: Words): readonly T[] {
  return people.filter((person) => isPersonNamed(person, people, words));
}

function isPersonNamed<T extends Named>(person: T, people: readonly T[], words: Words): boolean {
  if (isOwnlyNamed(person.email, words) || isOwnlyNamed(person.name, words)) return true;
  return partsOf(person.name).some(
    (part) => part.length > 1 && !WORDS_TOO.has(part) && isOwnlyNamed(part, words) && people.filter((other) => partsOf(other.name).includes(part)).length === 1,
  );
}

function partsOf(name: string): readonly string[] {
  return fold(name).split(' ');
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}
