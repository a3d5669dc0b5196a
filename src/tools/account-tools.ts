/** The tools of the account: people, security, privacy, profile. Adding one means writing its file and naming it here. */
import type { ToolDesk } from '../desk/tool-desk.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { findDataRequests, openDataRequest } from './data-request-tools.ts';
import { cancelDeletion, findDeletion, quoteDeletion, requestDeletion } from './deletion-tools.ts';
import { explainRoles } from './explain-roles.ts';
import { findExports, requestExport } from './export-tools.ts';
import { findMembers } from './find-members.ts';
import { findSso } from './find-sso.ts';
import { findWorkspaceEvents } from './find-workspace-events.ts';
import { changeMemberRole, inviteMember, removeMember, resendInvitation } from './member-acts.ts';
import { findNotifications, setNotification } from './notification-tools.ts';
import { findProfile, updateProfile } from './profile-tools.ts';
import { findSecurity, setSecurity } from './security-tools.ts';
import { endSessions, listSessions } from './session-tools.ts';
import { sendPasswordReset, unlockAccount } from './sign-in-acts.ts';

export function accountTools({ database, desk }: { readonly database: Database; readonly desk: ToolDesk }): readonly AnyTool[] {
  return [
    findMembers(database),
    inviteMember(desk.members),
    resendInvitation(desk.members),
    removeMember(desk.members),
    changeMemberRole(desk.members),
    explainRoles(database),
    findNotifications(database),
    setNotification(desk.notifications),
    findSecurity(database),
    setSecurity(desk.security),
    listSessions(database),
    endSessions(desk.signIns),
    sendPasswordReset(desk.signIns),
    unlockAccount(desk.signIns),
    findSso(database),
    findWorkspaceEvents(database),
    requestExport(desk.privacy),
    findExports(database),
    findDeletion(database),
    quoteDeletion(desk.deletions, database),
    requestDeletion(desk.deletions),
    cancelDeletion(desk.deletions),
    openDataRequest(desk.privacy),
    findDataRequests(database),
    findProfile(database),
    updateProfile(desk.profiles),
  ];
}
