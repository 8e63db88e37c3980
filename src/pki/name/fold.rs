//! The form in which two texts are compared: RFC 4518 section 2, as RFC 5280 section 7.1 asks for.

use unicode_normalization::UnicodeNormalization;

/// Maps, folds and normalises a text, so that texts that count as equal become equal.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        // Nearly every name; the general way gives the same result.
        return squeeze(text.chars().filter_map(map).map(|character| character.to_ascii_lowercase()));
    }
    let mapped: String = text.chars().filter_map(map).collect();
    // Normalising can uncover letters that fold again (the letters of "KELVIN SIGN" or of "℡"), hence twice.
    let once: String = fold_case(&mapped).nfkc().collect();
    let twice: String = fold_case(&once).nfkc().collect();
    squeeze(twice.chars().filter_map(map))
}

/// RFC 4518 section 2.2: white space of any kind is a SPACE, controls and invisible characters vanish.
fn map(character: char) -> Option<char> {
    match character {
        '\u{9}'..='\u{d}'
        | '\u{85}'
        | ' '
        | '\u{a0}'
        | '\u{1680}'
        | '\u{2000}'..='\u{200a}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{202f}'
        | '\u{205f}'
        | '\u{3000}' => Some(' '),
        '\u{0}'..='\u{8}'
        | '\u{e}'..='\u{1f}'
        | '\u{7f}'..='\u{84}'
        | '\u{86}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{1806}'
        | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2063}'
        | '\u{206a}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffc}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0001}'
        | '\u{e0020}'..='\u{e007f}' => None,
        other => Some(other),
    }
}

/// Case folding out of the case mappings of the standard library: down, up and down again brings together what
/// folding brings together (ß with ss, both forms of sigma).
fn fold_case(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars() {
        if character == 'ı' {
            // The dotless i is a letter of its own, although its capital is the one of i.
            folded.push(character);
            continue;
        }
        let up = character.to_lowercase().flat_map(char::to_uppercase);
        folded.extend(up.flat_map(char::to_lowercase));
    }
    folded
}

/// RFC 4518 section 2.6.1 with the same outcome: no space at the ends, one wherever there are several.
fn squeeze(characters: impl Iterator<Item = char>) -> String {
    let mut squeezed = String::new();
    let mut pending = false;
    for character in characters {
        if character == ' ' {
            pending = !squeezed.is_empty();
            continue;
        }
        if pending {
            squeezed.push(' ');
            pending = false;
        }
        squeezed.push(character);
    }
    squeezed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_become_equal() {
        for (one, other) in [
            ("Amazon", "AMAZON"),
            ("  Amazon \t Root\u{a0}CA\r\n", "amazon root ca"),
            ("a\u{0}b\u{200b}c", "abc"),
            ("Straße", "STRASSE"),
            ("STRAẞE", "strasse"),
            ("Ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ"),
            ("Å", "A\u{30a}"),
            ("\u{212b}", "å"),
            ("\u{212a}", "k"),
            ("ﬁn", "FIN"),
            ("℡", "tel"),
            ("ＡＢ　Ｃ", "ab c"),
            ("   ", ""),
        ] {
            assert_eq!(fold(one), fold(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn different_texts_stay_different() {
        for (one, other) in
            [("ab", "a b"), ("ı", "i"), ("a", "à"), ("root 1", "root1"), ("l", "1"), ("а", "a")]
        {
            assert_ne!(fold(one), fold(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn folding_twice_changes_nothing_more() {
        for code in 0..=0xffff_u32 {
            let Some(character) = char::from_u32(code) else { continue };
            let folded = fold(&format!("x{character}y"));
            assert_eq!(fold(&folded), folded, "U+{code:04X}");
        }
    }
}
