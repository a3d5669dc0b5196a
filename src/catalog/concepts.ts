/**
 * Words that mean the same to a support desk, so that a message is understood although no example used its words; the commonest ones
 * also in German, Spanish and French. One line per
 * concept: its name, then words and phrases in any form. Holds no agent: which concept points where is learned from the examples.
 */
const LINES = `
pay: pay, paid, payment, paying, settle, settled, remit, zahlung, bezahlt, bezahlen, pago, pagar, paiement, payer
charge: charge, charged, debit, debited, deducted, deduction, withdrew, withdrawn, billed, took money, taken, collected, collect
charge-thing: bill, billing, fee, fees, amount, sum, total
money: money, cash, dollar, dollars, euro, euros, usd, eur, bucks, cents, funds
give-back: refund, refunded, refunds, reimburse, reimbursement, reimbursed, money back, cash back, pay back, paid back, give back, send back, sent back, return, returned, revert, reverse, reversed, chargeback, compensation, recoup, owe, owed, get back, pay me back, pay us back, undo, rückerstattung, erstattung, geld zurück, reembolso, remboursement, rembourser
guarantee: guarantee, warranty, eligible, qualify, entitled
twice: twice, double, doubled, duplicate, duplicated, two times, 2x, identical, same payment, second time, doppelt, zweimal, dos veces, deux fois
mistake: mistake, accident, accidentally, error on my part, by accident, unintended, unintentionally, without wanting, wrongly
card: card, visa, mastercard, amex, maestro, cvc, cvv, credit card, debit card, bank card, iban, sepa, karte, kreditkarte, tarjeta, carte
bank: bank, issuer, banking, paypal, wire, transfer, direct debit
bank-check: 3ds, 3d secure, verified by visa, securecode, otp, bank app, tan
refuse: decline, declined, declining, refuse, refused, reject, rejected, denied, bounce, bounced, not accepted, does not accept, unsuccessful, insufficient, not go through, not going through, did not go through, blocked, abgelehnt, rechazado, rechazada, refusé, refusée
overdue: overdue, past due, unpaid, outstanding, arrears, dunning, restricted, suspended, read only
invoice: bills, papers, printed on, invoice, invoices, receipt, receipts, document, paperwork, statement, proof of payment, proof of purchase, proforma, pro forma, credit note, pdf, rechnung, rechnungen, quittung, beleg, factura, facturas, facture, factures
tax: vat, gst, tax, taxes, fiscal, w9, w-9, iva, turnover tax
bookkeeping: accounting, accountant, bookkeeper, bookkeeping, accounts payable, auditor, audit, finance, procurement, purchasing, tax consultant, tax adviser, expense, expenses, purchase order, po number
address: address, street, company name, legal entity, vat number, tax number
price: price, prices, pricing, cost, costs, how much, expensive, cheap, cheaper, rate, rates, quote, tariff, afford, budget, fee for, set us back, preis, preise, kostet, kosten, precio, precios, cuánto cuesta, prix, combien
discount: discount, rebate, coupon, promo, voucher, reduction, special offer, deal, less for, nonprofit, ngo, charity, student, educational, startup, for less, school, university, rabatt, descuento, réduction
plan: plan, subscription, package, edition, tier, membership, contract, licence type, premium, basic, enterprise, free version, abo, tarif, suscripción, abonnement
compare: compare, comparison, versus, vs, difference, differ, better, worth, which one, included, include, comes with, come with
up: upgrade, upgrading, move up, go up, next plan, bigger plan
down: downgrade, downgrading, shrink, smaller, fewer people, smaller plan, smaller package, move down, reduce, fewer, less seats
cancel: leave, give notice, freeze the account, cancel, cancelled, canceled, cancellation, terminate, terminated, end, ending, quit, unsubscribe, stop paying, stop the renewal, discontinue, pause, on hold, take a break, kündigen, kündigung, cancelar, annuler, résilier
renew: renew, renewal, renews, prolong, next payment, next charge, auto renew, trial, expires, runs out
cycle: monthly, yearly, annual, annually, per month, per year, a month, a year, every month, each month, twelve months, quarterly
seat: seat, seats, licence, licences, license, licenses, headcount, user, users
people: people, employees, staff, members, colleagues, person, persons, ppl, heads, team
balance: credit, balance
sign-in: login, log in, logon, log on, sign in, signin, sign on, signing in, logging in, sso, saml, okta, azure ad, single sign on, magic link, credentials, get in, let in, got in, google button, anmelden, anmeldung, einloggen, iniciar sesión, connexion, me connecter
sign-out: log out, logout, logged out, sign out, signed out, throws me out, kicked out, session, sessions, all devices
password: password, passwords, passcode, pw, pwd, passphrase, reset link, reset mail, passwort, contraseña, mot de passe
second-factor: 2fa, mfa, two factor, second factor, two step, 2 step, authenticator, backup code, backup codes, recovery code, recovery codes, six digit, one time code, verification code
locked: shut me out, stuck outside, locked, lock, unlock, unlocked, lockout, locked out, shut out, too many attempts, too many tries, gesperrt, bloqueado, bloqué, failed attempts
forgot: forgot, forgotten, forget, cannot remember, do not remember, cant remember
intruder: somebody from, unknown device, got into my, hacked, hacker, stranger, somebody else, someone else, intruder, break in, wasnt me, suspicious
phone: laptop, computer, desktop, phone, mobile, handset, smartphone, iphone, android, tablet, ipad, device
broken: broken, break, bug, glitch, glitchy, crash, crashes, crashed, freeze, freezes, hang, hangs, stuck, fails, fail, failed, failing, failure, does not work, doesnt work, dosnt work, dosent work, doesent work, not working, dont work, stopped working, malfunction, has no effect, does nothing, nothing happens, stopped, aborts, quits, no longer, fehler, kaputt, funktioniert nicht, geht nicht, no funciona, ne marche pas, ne fonctionne pas, flicker, flickers, jumps, snap back
error: error, errors, exception, something went wrong, 500, 503, server error
slow: slow, sluggish, laggy, lag, takes ages, forever, spinner, spinning, spins, loading, loads, load, performance, turning wheel, langsam, lento, lent
blank: blank, white, empty, grey, nothing but
outage: down, outage, offline, unreachable, not reachable, status page
lost: lost, vanished, disappeared, missing, gone, deleted, restore, recover, recovered, wiped
sync: sync, syncing, synchronise, synchronize, stale, refresh, reload, conflict
display: save, saving, drag, dragging, click, clicking, screen, display, layout, overlap, browser, safari, firefox, chrome, edge, page
notify: notification, notifications, notify, notified, reminder, reminders, push, alerts, mentions
how: how do i, how can i, how to, how do we, where do i, where can i, where is, where are, which button, what do i press, can i, is it possible, how would i, wie kann ich, wo finde ich, cómo puedo, comment
create: create, make, add, new, set up, setup
change: change, edit, rename, update, modify, switch, replace, move
remove: delete, remove, archive, hide
invite: client, customer, let someone, look at, give access, external, invite, invitation, coworker, colleague, guest, member, bring on board, add a person, role, admin, permission, permissions, access rights, read only access
in-out: import, export, csv, excel, spreadsheet, trello, jira, asana, json, download, bring over, migrate
task: task, tasks, subtask, ticket, item, items, card on the board, deadline, due date
project: project, projects, workspace, board, boards, list
find: find, search, filter, sort, see, show, view
setting: keys, key, interface, setting, settings, language, time zone, profile, picture, shortcut, shortcuts, dark mode, avatar, key combination
limit: limit, limits, storage, usage, used up, space, gigabytes, quota, how full
greeting: hello, hi, hey, good morning, good afternoon, good evening, greetings, good day, hallo, guten tag, hola, bonjour
start: new here, just signed up, getting started, first steps, first thing, where do i start, just joined
teach: teach, learn, learning, explain, explained, explanation, lesson, tutorial, course, training, train, introduction, introduce, walk me through, take me through, show me how, understand, understanding, guide, overview, demo, class, webinar, erklären, lernen, aprender, apprendre, expliquer
why-use: what is the point, what are, what is, what for, idea behind, concept, good for, meant, purpose, sense, why would, when should
practice: best practice, best practices, tips, tricks, advice, ideas, example of, examples of, habits, recommend, organise, organize, structure, workflow, sensible, approach, other teams
feature: automation, automations, rule, rules, trigger, dashboard, dashboards, chart, charts, timeline, gantt, calendar view, custom field, custom fields, dependency, dependencies, goal, goals, form, forms, docs, template, templates, time tracking, tracking hours, kanban, scrum, sprint, sprints, milestone, reporting, capabilities, features
api: api, rest, endpoint, endpoints, graphql, sdk, openapi, swagger, request, requests, response, header, payload, json body, sandbox, postman, curl, pagination, cursor
token: token, tokens, bearer, api key, secret key, scope, scopes, oauth, client id, client secret, redirect uri
http: 400, 401, 403, 404, 409, 422, 429, get, post, patch, put, rate limit, rate limited, too many requests, retry after, unauthorized, forbidden, not found, conflict
webhook: webhook, webhooks, callback url, event, events, delivery, deliveries, signature, hmac, hook
code: code example, sample code, script, scripts, programmatically, developer, developers, devs, python, javascript, typescript, node, java, ruby, php, golang, c#, library, programming, our server, our own app, cors, ssl
connect: integrate, integration, integrations, connect, connection, connector, link up, slack, github, gitlab, zapier, zap, google calendar, salesforce, hubspot, crm, microsoft teams, talk to, plug in, third party, bot
attach: attach, attachment, upload, file, files, picture to, image
anger: ridiculous, unacceptable, theft, scam, useless, fed up, unbelievable, terrible, worst, disgusting, furious, rip off
lawyer: lawyer, legal, sue, regulator, court
`;

export interface Concept {
  readonly name: string;
  readonly phrases: readonly (readonly string[])[];
}

/** Every concept with its phrases as lists of words, as written above. */
export const CONCEPTS: readonly Concept[] = LINES.trim()
  .split('\n')
  .map((line) => {
    const [name = '', phrases = ''] = line.split(/:(.*)/);
    return { name, phrases: phrases.split(',').map((phrase) => phrase.trim().split(' ')) };
  });
