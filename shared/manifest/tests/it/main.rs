//! The crate as its users see it: files in, rows and words out.

#[cfg(test)]
mod diagnoses;
#[cfg(test)]
mod dialects;
#[cfg(test)]
mod fixit;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod support;
