//! Lists of outsiders, read to a bound: a longer list takes no more memory than a full one.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor},
};

/// The first members of the JSON list `text`: `most`, and one more where it is longer.
///
/// # Errors
/// It is no list, or a member up to there is none of its kind.
pub(crate) fn few<'t, T: Deserialize<'t>>(text: &'t str, most: usize) -> serde_json::Result<Vec<T>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let members = Members { most, kind: PhantomData }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(members)
}

struct Members<T> {
    most: usize,
    kind: PhantomData<T>,
}

impl<'t, T: Deserialize<'t>> DeserializeSeed<'t> for Members<T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'t>>(self, reader: D) -> Result<Vec<T>, D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'t, T: Deserialize<'t>> Visitor<'t> for Members<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = list.next_element()? {
            members.push(member);
            if members.len() > self.most {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                break;
            }
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_asked_tells_that_there_are_more() {
        let read = |text| few::<u8>(text, 2).map_err(|_| ());
        assert_eq!(read("[]"), Ok(vec![]));
        assert_eq!(read("[1, 2]"), Ok(vec![1, 2]));
        assert_eq!(read("[1,2,3]"), Ok(vec![1, 2, 3]));
        assert_eq!(read(r#"[1,2,3,4,"five",{}]"#), Ok(vec![1, 2, 3]));
        for wrong in ["", "{}", "null", "[1,2,3,4", "[1,2,3,4,]", "[300]", "[] []"] {
            assert_eq!(read(wrong), Err(()), "{wrong}");
        }
    }
}
