//! Disjoint sets, for ids and for Maven names alike.

/// Disjoint sets with path halving and union by smaller root, so that a set's root depends on its
/// members alone and not on the order of unions.
pub(super) struct UnionFind {
    parent: Vec<u32>,
}

impl UnionFind {
    pub(super) fn new(len: usize) -> Self {
        Self {
            parent: (0..u32::try_from(len).unwrap_or(u32::MAX)).collect(),
        }
    }

    fn parent(&self, id: u32) -> u32 {
        self.parent.get(id as usize).copied().unwrap_or(id)
    }

    pub(super) fn find(&mut self, mut id: u32) -> u32 {
        while self.parent(id) != id {
            let grandparent = self.parent(self.parent(id));
            if let Some(slot) = self.parent.get_mut(id as usize) {
                *slot = grandparent;
            }
            id = grandparent;
        }
        id
    }

    pub(super) fn union(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        let (root, child) = if a < b { (a, b) } else { (b, a) };
        if let Some(slot) = self.parent.get_mut(child as usize) {
            *slot = root;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_does_not_depend_on_the_order_of_unions() {
        let pairs = [(3, 4), (1, 3), (5, 1), (0, 2)];
        let roots = |order: &[usize]| {
            let mut sets = UnionFind::new(7);
            for index in order {
                sets.union(pairs[*index].0, pairs[*index].1);
            }
            (0..7).map(|id| sets.find(id)).collect::<Vec<_>>()
        };
        assert_eq!(roots(&[0, 1, 2, 3]), [0, 1, 0, 1, 1, 1, 6]);
        assert_eq!(roots(&[0, 1, 2, 3]), roots(&[3, 2, 1, 0]));
    }
}
