//! The people, and what happened to their certificates.

use crate::service::jpki::CertificateType;
use crate::types::ReasonCode;

/// A person.
#[derive(Debug)]
pub(super) struct Person {
    /// Short name, of the folder too.
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    /// One digit for each character of the name.
    pub(super) name_map: &'static str,
    pub(super) gender: &'static str,
    pub(super) date_of_birth: &'static str,
    pub(super) address: &'static str,
    pub(super) prefecture: &'static str,
    pub(super) city: &'static str,
    /// What is particular about the certificates.
    pub(super) story: &'static str,
    /// Whether the link source knows the person.
    pub(super) linked: bool,
    /// The certificates, in the order of issue.
    pub(super) certificates: &'static [Planned],
}

/// A certificate of a person.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planned {
    pub(super) certificate_type: CertificateType,
    /// Days between its issue and the making of the mock authority.
    pub(super) age: u32,
    /// Days it is valid.
    pub(super) life: u32,
    pub(super) fate: Fate,
}

/// What became of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Good,
    Revoked(ReasonCode),
    /// No list speaks for it, and the responder does not know it.
    Untold,
}

const FIVE_YEARS: u32 = 5 * 365;

const fn signature(age: u32, fate: Fate) -> Planned {
    Planned { certificate_type: CertificateType::CardDigitalSignature, age, life: FIVE_YEARS, fate }
}

const fn authentication(age: u32, fate: Fate) -> Planned {
    Planned { certificate_type: CertificateType::CardUserAuthentication, age, life: FIVE_YEARS, fate }
}

const fn revoked(reason: ReasonCode) -> Fate {
    Fate::Revoked(reason)
}

/// Everybody. One person for each way in which certificates end, by the reasons of the practice statement of JPKI.
pub(super) const PEOPLE: [Person; 11] = [
    Person {
        id: "taro",
        name: "山田　太郎",
        name_map: "00000",
        gender: "1",
        date_of_birth: "419900102",
        address: "東京都千代田区千代田１－１",
        prefecture: "Tokyo-to",
        city: "Chiyoda-ku",
        story: "both certificates are good",
        linked: true,
        certificates: &[signature(400, Fate::Good), authentication(400, Fate::Good)],
    },
    Person {
        id: "hanako",
        name: "佐藤　花子",
        name_map: "00000",
        gender: "2",
        date_of_birth: "419851130",
        address: "大阪府大阪市北区中之島１－３－２０",
        prefecture: "Osaka-fu",
        city: "Osaka-shi",
        story: "moved house: the signature certificate was replaced, the authentication certificate stayed",
        linked: true,
        certificates: &[
            signature(900, revoked(ReasonCode::AffiliationChanged)),
            authentication(900, Fate::Good),
            signature(30, Fate::Good),
        ],
    },
    Person {
        id: "ichiro",
        name: "鈴木　一郎",
        name_map: "00000",
        gender: "1",
        date_of_birth: "319731022",
        address: "愛知県名古屋市中区三の丸３－１－１",
        prefecture: "Aichi-ken",
        city: "Nagoya-shi",
        story: "renewed both certificates",
        linked: true,
        certificates: &[
            signature(1700, revoked(ReasonCode::Superseded)),
            authentication(1700, revoked(ReasonCode::Superseded)),
            signature(20, Fate::Good),
            authentication(20, Fate::Good),
        ],
    },
    Person {
        id: "makoto",
        name: "吉田　誠",
        name_map: "1000",
        gender: "3",
        date_of_birth: "420010707",
        address: "東京都千代田区丸の内２－７－２",
        prefecture: "Tokyo-to",
        city: "Chiyoda-ku",
        story: "lost the card: both keys are compromised; one character of the name is substituted",
        linked: true,
        certificates: &[
            signature(500, revoked(ReasonCode::KeyCompromise)),
            authentication(500, revoked(ReasonCode::KeyCompromise)),
        ],
    },
    Person {
        id: "kenji",
        name: "田中　健二",
        name_map: "00000",
        gender: "1",
        date_of_birth: "319650415",
        address: "北海道札幌市中央区北１条西２",
        prefecture: "Hokkaido",
        city: "Sapporo-shi",
        story: "certificates of a compromised authority",
        linked: true,
        certificates: &[
            signature(800, revoked(ReasonCode::CaCompromise)),
            authentication(800, revoked(ReasonCode::CaCompromise)),
        ],
    },
    Person {
        id: "yoko",
        name: "伊藤　陽子",
        name_map: "00000",
        gender: "2",
        date_of_birth: "319550000",
        address: "福岡県福岡市中央区天神１－８－１",
        prefecture: "Fukuoka-ken",
        city: "Fukuoka-shi",
        story: "no longer needs the certificates; the date of birth is incomplete",
        linked: true,
        certificates: &[
            signature(600, revoked(ReasonCode::CessationOfOperation)),
            authentication(600, revoked(ReasonCode::CessationOfOperation)),
        ],
    },
    Person {
        id: "jiro",
        name: "渡辺　次郎",
        name_map: "00000",
        gender: "1",
        date_of_birth: "419950228",
        address: "宮城県仙台市青葉区国分町３－７－１",
        prefecture: "Miyagi-ken",
        city: "Sendai-shi",
        story: "certificates on hold, which is never released",
        linked: true,
        certificates: &[
            signature(300, revoked(ReasonCode::CertificateHold)),
            authentication(300, revoked(ReasonCode::CertificateHold)),
        ],
    },
    Person {
        id: "saburo",
        name: "中村　三郎",
        name_map: "00000",
        gender: "1",
        date_of_birth: "419991231",
        address: "広島県広島市中区国泰寺町１－６－３４",
        prefecture: "Hiroshima-ken",
        city: "Hiroshima-shi",
        story: "certificates that were discarded before they were handed over",
        linked: true,
        certificates: &[
            signature(40, revoked(ReasonCode::Unspecified)),
            authentication(40, revoked(ReasonCode::Unspecified)),
        ],
    },
    Person {
        id: "fumi",
        name: "小林　文",
        name_map: "0000",
        gender: "2",
        date_of_birth: "319600606",
        address: "東京都千代田区霞が関２－１－２",
        prefecture: "Tokyo-to",
        city: "Chiyoda-ku",
        story: "both certificates have expired",
        linked: true,
        certificates: &[
            Planned { life: 300, ..signature(700, Fate::Good) },
            Planned { life: 300, ..authentication(700, Fate::Good) },
        ],
    },
    Person {
        id: "kazuo",
        name: "加藤　和夫",
        name_map: "00000",
        gender: "1",
        date_of_birth: "319480320",
        address: "京都府京都市中京区寺町通御池上る上本能寺前町４８８",
        prefecture: "Kyoto-fu",
        city: "Kyoto-shi",
        story: "good, and unknown to the link source",
        linked: false,
        certificates: &[signature(100, Fate::Good), authentication(100, Fate::Good)],
    },
    Person {
        id: "mika",
        name: "高橋　美香",
        name_map: "00000",
        gender: "2",
        date_of_birth: "420030303",
        address: "沖縄県那覇市泉崎１－１－１",
        prefecture: "Okinawa-ken",
        city: "Naha-shi",
        story: "neither a list nor the responder tells whether the certificates are revoked",
        linked: true,
        certificates: &[signature(50, Fate::Untold), authentication(50, Fate::Untold)],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_have_a_digit_for_each_character() {
        for person in &PEOPLE {
            assert_eq!(person.name.chars().count(), person.name_map.len(), "{}", person.id);
        }
    }

    #[test]
    fn every_reason_of_the_practice_statement_is_there() {
        let fates: Vec<Fate> =
            PEOPLE.iter().flat_map(|person| person.certificates).map(|planned| planned.fate).collect();
        for reason in ReasonCode::ALL.iter().filter(|reason| reason.code() <= 6) {
            assert!(fates.contains(&Fate::Revoked(*reason)), "{reason}");
        }
    }
}
