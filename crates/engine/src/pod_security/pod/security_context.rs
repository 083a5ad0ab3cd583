//! `securityContext` of a pod or a container: the fields that controls look at.

use serde_json::Value;

use super::read::{Read, field, flag, integer, list, map, text, texts};

/// `securityContext`. The pod's has sysctls; privileges, capabilities and `procMount` are the
/// containers'.
#[derive(Clone, Copy, Debug, Default)]
pub struct SecurityContext<'a> {
    /// `privileged`.
    pub privileged: Option<bool>,
    /// `allowPrivilegeEscalation`.
    pub allow_privilege_escalation: Option<bool>,
    /// `capabilities`.
    pub capabilities: Option<Capabilities<'a>>,
    /// `procMount`.
    pub proc_mount: Option<&'a str>,
    /// `runAsNonRoot`.
    pub run_as_non_root: Option<bool>,
    /// `runAsUser`.
    pub run_as_user: Option<i64>,
    /// `seccompProfile.type`; empty where the profile has none.
    pub seccomp_profile: Option<&'a str>,
    /// `appArmorProfile.type`; empty where the profile has none.
    pub app_armor_profile: Option<&'a str>,
    /// `seLinuxOptions`.
    pub se_linux_options: Option<SeLinuxOptions<'a>>,
    /// `windowsOptions.hostProcess`.
    pub host_process: Option<bool>,
    sysctls: &'a [Value],
}

/// `capabilities`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Capabilities<'a> {
    add: &'a [Value],
    drop: &'a [Value],
}

/// `seLinuxOptions`; an absent text is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct SeLinuxOptions<'a> {
    /// `type`.
    pub type_: &'a str,
    /// `user`.
    pub user: &'a str,
    /// `role`.
    pub role: &'a str,
}

impl<'a> SecurityContext<'a> {
    pub(super) fn read(value: &'a Value) -> Read<Option<SecurityContext<'a>>> {
        let Some(fields) = map(value)? else {
            return Ok(None);
        };
        let mut context = SecurityContext::default();
        for (name, value) in fields {
            field(name, value, |value| context.set(name, value))?;
        }
        Ok(Some(context))
    }

    fn set(&mut self, name: &str, value: &'a Value) -> Read<()> {
        match name {
            "privileged" => self.privileged = flag(value)?,
            "allowPrivilegeEscalation" => self.allow_privilege_escalation = flag(value)?,
            "capabilities" => self.capabilities = Capabilities::read(value)?,
            "procMount" => self.proc_mount = text(value)?,
            "runAsNonRoot" => self.run_as_non_root = flag(value)?,
            "runAsUser" => self.run_as_user = integer(value)?,
            "seccompProfile" => self.seccomp_profile = profile_type(value)?,
            "appArmorProfile" => self.app_armor_profile = profile_type(value)?,
            "seLinuxOptions" => self.se_linux_options = SeLinuxOptions::read(value)?,
            "windowsOptions" => self.host_process = host_process(value)?,
            "sysctls" => self.sysctls = sysctls(value)?,
            _ => {}
        }
        Ok(())
    }

    /// The names of the sysctls, in order.
    pub fn sysctls(&self) -> impl Iterator<Item = &'a str> {
        self.sysctls.iter().map(|sysctl| member(sysctl, "name"))
    }
}

impl<'a> Capabilities<'a> {
    fn read(value: &'a Value) -> Read<Option<Capabilities<'a>>> {
        let Some(fields) = map(value)? else {
            return Ok(None);
        };
        let mut capabilities = Capabilities::default();
        for (name, value) in fields {
            match name.as_str() {
                "add" => capabilities.add = field(name, value, texts)?,
                "drop" => capabilities.drop = field(name, value, texts)?,
                _ => {}
            }
        }
        Ok(Some(capabilities))
    }

    /// The capabilities that are added.
    pub fn add(&self) -> impl Iterator<Item = &'a str> {
        self.add
            .iter()
            .map(|name| name.as_str().unwrap_or_default())
    }

    /// The capabilities that are dropped.
    pub fn drop(&self) -> impl Iterator<Item = &'a str> {
        self.drop
            .iter()
            .map(|name| name.as_str().unwrap_or_default())
    }
}

impl<'a> SeLinuxOptions<'a> {
    fn read(value: &'a Value) -> Read<Option<SeLinuxOptions<'a>>> {
        let Some(fields) = map(value)? else {
            return Ok(None);
        };
        let mut options = SeLinuxOptions::default();
        for (name, value) in fields {
            match name.as_str() {
                "type" => options.type_ = field(name, value, text)?.unwrap_or_default(),
                "user" => options.user = field(name, value, text)?.unwrap_or_default(),
                "role" => options.role = field(name, value, text)?.unwrap_or_default(),
                _ => {}
            }
        }
        Ok(Some(options))
    }
}

fn profile_type(value: &Value) -> Read<Option<&str>> {
    let Some(fields) = map(value)? else {
        return Ok(None);
    };
    let Some(value) = fields.get("type") else {
        return Ok(Some(""));
    };
    Ok(Some(field("type", value, text)?.unwrap_or_default()))
}

fn host_process(value: &Value) -> Read<Option<bool>> {
    match map(value)?.and_then(|fields| fields.get("hostProcess")) {
        Some(value) => field("hostProcess", value, flag),
        None => Ok(None),
    }
}

fn sysctls(value: &Value) -> Read<&[Value]> {
    let sysctls = list(value)?;
    for (index, sysctl) in sysctls.iter().enumerate() {
        let name = super::read::item(index, sysctl, map)?.and_then(|fields| fields.get("name"));
        if let Some(name) = name {
            super::read::item(index, name, |name| field("name", name, text))?;
        }
    }
    Ok(sysctls)
}

/// A text member of an item whose type was checked when the pod was read.
fn member<'a>(item: &'a Value, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}
