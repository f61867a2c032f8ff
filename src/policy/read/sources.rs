//! What the policy draws on besides the reports.

use crate::policy::cuda::DriverVersion;
use crate::policy::document::{Cuda, Enrichment, Feed};
use crate::policy::values::{Item, Reader};

impl Reader {
    pub(super) fn enrichment(&mut self, item: &Item<'_>) -> Enrichment {
        let mut fields = self.fields(item);
        let kev = fields.take("kev");
        let epss = fields.take("epss");
        self.finish(&fields);
        Enrichment {
            kev: kev.map(|item| self.feed(&item)),
            epss: epss.map(|item| self.feed(&item)),
        }
    }

    fn feed(&mut self, item: &Item<'_>) -> Feed {
        let mut fields = self.fields(item);
        let file = fields.take("file");
        let url = fields.take("url");
        let max_age = fields.take("max-age");
        let required = fields.take("required");
        self.finish(&fields);
        if file.is_some() == url.is_some() {
            self.problem(&item.place, "expected one of `file`, `url`", None);
        }
        Feed {
            file: file.and_then(|item| self.text(&item)),
            url: url.and_then(|item| self.url(&item)),
            max_age: max_age.and_then(|item| self.age(&item)),
            required: required.is_some_and(|item| self.flag(&item)),
        }
    }

    fn url(&mut self, item: &Item<'_>) -> Option<String> {
        let text = self.text(item)?;
        let is_url = ["https://", "http://"].iter().any(|scheme| {
            text.strip_prefix(scheme)
                .is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
        });
        if !is_url {
            let message = format!("`{text}` is not an address");
            let help = "addresses start with `https://`; a path goes into `file`";
            self.problem(&item.place, message, Some(help.to_owned()));
        }
        // A policy is kept with every run and shown to whoever reads a report.
        let authority = text.split('/').nth(2).unwrap_or_default();
        if authority.contains('@') {
            let message = "the address holds a user name or a password";
            let help = "fetch it by other means and name the `file`";
            self.problem(&item.place, message, Some(help.to_owned()));
        }
        Some(text)
    }

    fn driver(&mut self, item: &Item<'_>) -> Option<String> {
        let text = self.text(item)?;
        if let Err(error) = DriverVersion::parse(&text) {
            self.problem(&item.place, error.to_string(), None);
        }
        Some(text)
    }

    pub(super) fn cuda(&mut self, item: &Item<'_>) -> Cuda {
        let mut fields = self.fields(item);
        let host_drivers = fields.take("host-drivers");
        let host_drivers_from = fields.take("host-drivers-from");
        let bulletins = fields.take("bulletins");
        self.finish(&fields);
        Cuda {
            host_drivers: self
                .list(host_drivers, Self::driver)
                .into_iter()
                .flatten()
                .collect(),
            host_drivers_from: host_drivers_from.and_then(|item| self.text(&item)),
            bulletins: bulletins.and_then(|item| self.text(&item)),
        }
    }
}
