//! Users whose requests no policy is asked about: lists with wildcards, divided by commas. An entry
//! `!name` keeps a user in, whatever else is said of it.

use portcullis_engine::request::RequestUser;
use portcullis_values::wildcard::Wildcard;

use super::value::Entry;

/// One list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Names {
    left_out: Vec<Wildcard>,
    kept_in: Vec<Wildcard>,
}

/// The four lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Users {
    pub(super) usernames: Names,
    pub(super) groups: Names,
    pub(super) roles: Names,
    pub(super) cluster_roles: Names,
}

/// Every text is a list.
pub(super) fn parse(entry: &Entry<'_>) -> Names {
    let mut names = Names::default();
    for name in entry.items() {
        match name.strip_prefix('!') {
            Some(kept) => names.kept_in.push(Wildcard::new(kept)),
            None => names.left_out.push(Wildcard::new(&name)),
        }
    }
    names
}

impl Users {
    pub(super) fn excludes(&self, user: &RequestUser) -> bool {
        let lists = self.lists(user);
        let some = |of: fn(&Names) -> &[Wildcard]| {
            lists.iter().any(|(names, of_user)| {
                let mut wildcards = of(names).iter();
                wildcards.any(|wildcard| of_user.iter().any(|name| wildcard.is_match(name)))
            })
        };
        some(|names| &names.left_out) && !some(|names| &names.kept_in)
    }

    fn lists<'u>(&'u self, user: &'u RequestUser) -> [(&'u Names, &'u [String]); 4] {
        [
            (&self.usernames, std::slice::from_ref(&user.username)),
            (&self.groups, &user.groups),
            (&self.roles, &user.roles),
            (&self.cluster_roles, &user.cluster_roles),
        ]
    }
}
