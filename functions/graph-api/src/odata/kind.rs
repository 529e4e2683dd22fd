//! Kinds of entities: their properties, in the order in which they are written.

/// What a property holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// Text, and what is written as text in filters: GUIDs and names of states.
    Text,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// A moment.
    Time,
    /// More than one value; no filter compares it.
    Complex,
}

/// A property of a kind of entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Property {
    /// Its name; of a part of a complex one with the way there, as in `state/deviceErrorCode`.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) of: Type,
    /// Whether version 1.0 of the API has it, or only the beta.
    pub(crate) in_v1: bool,
    /// Whether lists can be filtered and ordered by it.
    pub(crate) sought: bool,
}

/// A kind of entities.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// What one is called in messages.
    pub(crate) name: &'static str,
    /// Its properties.
    pub(crate) properties: &'static [Property],
    /// What can be expanded.
    pub(crate) expands: &'static [&'static str],
}

impl Property {
    /// A text that both versions have.
    pub(crate) const fn text(name: &'static str) -> Self {
        Self {
            name,
            of: Type::Text,
            in_v1: true,
            sought: true,
        }
    }

    /// The same of another type.
    pub(crate) const fn of(self, of: Type) -> Self {
        Self {
            sought: self.sought && !matches!(of, Type::Complex),
            of,
            ..self
        }
    }

    /// The same, in the beta only.
    pub(crate) const fn beta(self) -> Self {
        Self { in_v1: false, ..self }
    }

    /// The same, but no list is filtered or ordered by it.
    pub(crate) const fn shown_only(self) -> Self {
        Self { sought: false, ..self }
    }
}

impl Kind {
    /// The property of this name. Graph's own are told apart by more than letter case.
    pub(crate) fn property(&self, name: &str) -> Option<&'static Property> {
        let mut all = self.properties.iter();
        all.find(|property| property.name.eq_ignore_ascii_case(name))
    }

    /// The properties that are members of an entity, and not parts of one.
    pub(crate) fn members(&self) -> impl Iterator<Item = &'static Property> {
        self.properties.iter().filter(|property| !property.name.contains('/'))
    }
}

#[cfg(test)]
pub(crate) const TEST: Kind = Kind {
    name: "test",
    properties: &[
        Property::text("serialNumber"),
        Property::text("groupTag"),
        Property::text("count").of(Type::Number),
        Property::text("late").of(Type::Flag),
        Property::text("at").of(Type::Time),
        Property::text("state").of(Type::Complex),
        Property::text("state/code").of(Type::Number),
        Property::text("computed").shown_only(),
    ],
    expands: &["profile"],
};
