// What whoever is signed in may do. The server decides; here is only left out what it would refuse.

/** The roles of the API, with what each is for. */
export const ROLES = {
  submit: ["Submit", "bring recordings and have them transcribed"],
  read: ["Read", "read and hear calls, and search in them"],
  read_originals: ["Read originals", "read and hear what was redacted"],
  administer: ["Administer", "configure, delete, make keys and read the audit log"],
};

/** Whether a session has all of these roles. */
export const may = (session, ...roles) => roles.every((role) => session.roles.includes(role));

/** Roles in words. */
export const inWords = (roles) => roles.map((role) => ROLES[role]?.[0] ?? role).join(", ");
