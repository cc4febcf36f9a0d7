//! What is known of an order, under the names that forms have for it.

use std::collections::BTreeMap;

use crate::{
    clock,
    validation::{names, order::Order},
};

const NAMES: &str = include_str!("fields.toml");

/// The data of an order.
pub(crate) struct LetterData {
    /// By its key in `fields.toml`; what is not known is not there.
    values: BTreeMap<&'static str, String>,
    /// Keys by the names of fields.
    keys: BTreeMap<String, String>,
}

impl LetterData {
    pub(crate) fn of(order: &Order) -> LetterData {
        let applicant = order.applicant.clone().unwrap_or_default();
        let shown = |domain: &String| names::in_letters(domain).map_or_else(|| domain.clone(), |name| name.shown);
        let domains = order.domains.iter().map(shown).collect::<Vec<_>>().join(", ");
        let product = order.product.as_ref().map(|one| format!("{} {}", one.brand, one.name));
        let today = clock::rfc3339(clock::now()).chars().take(10).collect();
        let values = [
            ("company", applicant.company),
            ("division", applicant.division),
            ("address", applicant.address),
            ("city", applicant.city),
            ("region", applicant.region),
            ("country", applicant.country),
            ("postal-code", applicant.postal_code),
            ("company-phone", applicant.company_phone),
            ("company-code", applicant.company_code),
            ("name", applicant.name),
            ("phone", applicant.phone),
            ("email", applicant.email),
            ("title", applicant.title),
            ("domains", domains),
            ("order", order.remote.clone().unwrap_or_default()),
            ("product", product.unwrap_or_default()),
            ("date", today),
        ];
        let values =
            values.into_iter().map(|(key, value)| (key, one_line(&value))).filter(|(_, value)| !value.is_empty());
        LetterData { values: values.collect(), keys: keys() }
    }

    /// What is known under that key.
    pub(crate) fn get(&self, key: &str) -> &str {
        self.values.get(key).map_or("", String::as_str)
    }

    /// What belongs into a field of that name.
    pub(crate) fn for_field(&self, name: &str) -> Option<&str> {
        let last = name.rsplit('.').next().unwrap_or(name);
        let last = last.split('[').next().unwrap_or(last);
        let key =
            self.keys.get(&plain(last)).or_else(|| self.keys.get(plain(last).trim_end_matches(char::is_numeric)))?;
        Some(self.get(key)).filter(|value| !value.is_empty())
    }
}

fn keys() -> BTreeMap<String, String> {
    let all: BTreeMap<String, Vec<String>> = toml::from_str(NAMES).unwrap_or_default();
    all.into_iter().flat_map(|(key, names)| names.into_iter().map(move |name| (name, key.clone()))).collect()
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Nothing that steers, for it goes into documents.
fn one_line(value: &str) -> String {
    value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Applicant, OrderSource},
        validation::settings::Settings,
    };

    #[test]
    fn fields_are_known_by_many_names() {
        let rules = Settings::read(std::path::Path::new("/nowhere")).unwrap().rules_of(None).unwrap();
        let mut order =
            Order::begun(OrderSource::Ussl, vec!["xn--fsqu00a.xn--0zwm56d".into(), "a.example".into()], rules);
        let company = "上海示例\n有限公司".to_owned();
        order.applicant = Some(Applicant { company, name: "Alice".into(), ..Applicant::default() });
        let data = LetterData::of(&order);
        for (name, want) in [
            ("Company Name", Some("上海示例 有限公司")),
            ("form1[0].page1[0].Organization_Name[0]", Some("上海示例 有限公司")),
            ("申请单位：", Some("上海示例 有限公司")),
            ("联系人", Some("Alice")),
            ("contact2", Some("Alice")),
            ("域名", Some("例子.测试 (xn--fsqu00a.xn--0zwm56d), a.example")),
            // Not known of this order, and not known at all.
            ("邮编", None),
            ("signature", None),
            ("", None),
        ] {
            assert_eq!(data.for_field(name), want, "{name}");
        }
        assert_eq!(keys().values().collect::<std::collections::BTreeSet<_>>().len(), 17);
    }
}
