//! Business units: their groups and users, and what their users reach.

use palisade_model::{Role, UserStatus};
use palisade_store::{Error, GroupDeleted, NewAssetGroup, NewUser, Released, Store, UnitDeleted};

use crate::asset_group::new_group;
use crate::bench::{Bench, at, ips, login};
use crate::user::new_user;

async fn unit(store: &Store, title: &str, groups: &[i64]) -> i64 {
    store.add_business_unit(&title.parse().unwrap(), groups, at(0)).await.unwrap()
}

/// A user of the role who is active, has single addresses, and is in the unit.
fn active(name: &str, role: Role, business_unit: Option<i64>) -> NewUser {
    NewUser { role, status: UserStatus::Active, business_unit, ..new_user(name) }
}

async fn a_unit_comes_back_as_it_was_made(bench: Bench) {
    let store = &bench.store;
    let one = store.add_asset_group(&new_group("A", "10.0.0.1")).await.unwrap();
    let two = store.add_asset_group(&new_group("B", "10.0.0.2")).await.unwrap();
    let north = unit(store, "North", &[two, one, two]).await;
    let harbour = unit(store, "Harbour", &[]).await;
    let units = store.list_business_units().await.unwrap();
    let seen: Vec<_> =
        units.iter().map(|unit| (unit.id, unit.title.as_str(), unit.asset_groups.clone())).collect();
    assert_eq!(seen, [(harbour, "Harbour", vec![]), (north, "North", vec![one, two])]);
    let taken = store.add_business_unit(&"North".parse().unwrap(), &[], at(0)).await;
    assert!(matches!(taken, Err(Error::Conflict)), "{taken:?}");
    let gone = store.add_business_unit(&"South".parse().unwrap(), &[99], at(0)).await;
    assert!(matches!(gone, Err(Error::Conflict)), "{gone:?}");

    let south = "South".parse().unwrap();
    assert!(store.edit_business_unit(north, Some(&south), None).await.unwrap());
    assert!(store.edit_business_unit(north, None, Some(&[one])).await.unwrap());
    assert!(!store.edit_business_unit(99, Some(&south), None).await.unwrap());
    let taken = store.edit_business_unit(harbour, Some(&south), None).await;
    assert!(matches!(taken, Err(Error::Conflict)), "{taken:?}");
    let units = store.list_business_units().await.unwrap();
    assert_eq!((units[1].title.as_str(), &units[1].asset_groups), ("South", &vec![one]));
}

async fn what_is_in_use_is_not_deleted(bench: Bench) {
    let store = &bench.store;
    let group = store.add_asset_group(&new_group("A", "10.0.0.1")).await.unwrap();
    let north = unit(store, "North", &[group]).await;
    let user = store.add_user(&active("quays_cd1", Role::Scanner, Some(north))).await.unwrap();
    let in_units = GroupDeleted::InUnits(vec!["North".parse().unwrap()]);
    assert_eq!(store.delete_asset_group(group, None).await.unwrap(), in_units);
    let users = vec![login("quays_cd1")];
    let in_use = UnitDeleted::InUse { users, asset_groups: vec!["A".to_owned()] };
    assert_eq!(store.delete_business_unit(north).await.unwrap(), in_use);
    assert_eq!(store.move_user(user, None).await.unwrap(), Released::Released);
    assert_eq!(store.delete_asset_group(group, Some(north)).await.unwrap(), GroupDeleted::Deleted);
    assert_eq!(store.delete_business_unit(north).await.unwrap(), UnitDeleted::Deleted);
    assert_eq!(store.delete_business_unit(north).await.unwrap(), UnitDeleted::Unknown);
    let moved = store.move_user(user, Some(north)).await;
    assert!(matches!(moved, Err(Error::Conflict)), "{moved:?}");
}

async fn users_reach_no_further_than_their_unit(bench: Bench) {
    let store = &bench.store;
    let one = store.add_asset_group(&new_group("A", "10.0.0.1-10.0.0.9")).await.unwrap();
    let two = store.add_asset_group(&new_group("B", "10.0.7.1")).await.unwrap();
    let north = unit(store, "North", &[one]).await;
    let made = NewAssetGroup { business_unit: Some(north), ..new_group("C", "10.0.8.1") };
    store.add_asset_group(&made).await.unwrap();
    let manager = active("quays_um1", Role::UnitManager, Some(north));
    store.add_user(&manager).await.unwrap();
    let mut scanner = active("quays_sc1", Role::Scanner, Some(north));
    scanner.assigned_ips = ips("10.0.0.5-10.0.0.20");
    scanner.asset_groups = vec![two];
    let scanner = store.add_user(&scanner).await.unwrap();
    let reached = async |name: &str| {
        let user = store.user(&login(name)).await.unwrap().unwrap();
        store.assigned_addresses(&user).await.unwrap()
    };
    assert_eq!(reached("quays_um1").await, ips("10.0.0.1-10.0.0.9,10.0.8.1"));
    assert_eq!(reached("quays_sc1").await, ips("10.0.0.5-10.0.0.9"));

    // Moved, the user keeps only what is of the new unit.
    let south = unit(store, "South", &[two]).await;
    assert_eq!(store.move_user(scanner, Some(south)).await.unwrap(), Released::Released);
    assert_eq!(reached("quays_sc1").await, ips("10.0.7.1"));
    assert_eq!(store.move_user(scanner, Some(north)).await.unwrap(), Released::Released);
    assert_eq!(store.move_user(scanner, None).await.unwrap(), Released::Released);
    assert_eq!(reached("quays_sc1").await, ips("10.0.0.5-10.0.0.20"), "the group was taken away");
}

async fn the_last_manager_stays(bench: Bench) {
    let store = &bench.store;
    let one = store.add_user(&active("quays_ma1", Role::Manager, None)).await.unwrap();
    let two = store.add_user(&active("quays_ma2", Role::Manager, None)).await.unwrap();
    store.add_user(&new_user("quays_ab1")).await.unwrap();
    // Each switches the other off at the same moment.
    let (first, second) = tokio::join!(
        store.deactivate_user(one, Some(UserStatus::Active)),
        store.deactivate_user(two, Some(UserStatus::Active))
    );
    let mut outcomes = vec![first.unwrap(), second.unwrap()];
    outcomes.sort_by_key(|outcome| *outcome == Released::LastManager);
    assert_eq!(outcomes, [Released::Released, Released::LastManager]);
    let users = store.list_users().await.unwrap();
    let active = users.iter().filter(|user| user.role == Role::Manager && user.status == UserStatus::Active);
    assert_eq!(active.count(), 1);
    let off = users.iter().find(|user| user.status == UserStatus::Inactive).unwrap();
    let again = store.deactivate_user(off.id, Some(UserStatus::Active)).await.unwrap();
    assert_eq!(again, Released::OtherStatus);
}

async fn a_unit_with_users_keeps_a_manager(bench: Bench) {
    let store = &bench.store;
    let north = unit(store, "North", &[]).await;
    let south = unit(store, "South", &[]).await;
    let one = store.add_user(&active("quays_um1", Role::UnitManager, Some(north))).await.unwrap();
    assert_eq!(store.move_user(one, Some(south)).await.unwrap(), Released::Released, "nobody else is there");
    assert_eq!(store.move_user(one, Some(north)).await.unwrap(), Released::Released);
    let reader = store.add_user(&active("quays_re1", Role::Reader, Some(north))).await.unwrap();
    assert_eq!(store.move_user(one, Some(south)).await.unwrap(), Released::LastUnitManager);
    assert_eq!(store.deactivate_user(one, None).await.unwrap(), Released::LastUnitManager);
    assert_eq!(store.deactivate_user(reader, None).await.unwrap(), Released::Released);
    let two = store.add_user(&active("quays_um2", Role::UnitManager, Some(north))).await.unwrap();
    assert_eq!(store.deactivate_user(one, None).await.unwrap(), Released::Released);
    assert_eq!(store.deactivate_user(two, None).await.unwrap(), Released::LastUnitManager);
    let nobody = store.deactivate_user(77, None).await;
    assert!(matches!(nobody, Err(Error::RowsAffected { expected: 1, actual: 0 })), "{nobody:?}");
}

crate::both!(
    a_unit_comes_back_as_it_was_made,
    what_is_in_use_is_not_deleted,
    users_reach_no_further_than_their_unit,
    the_last_manager_stays,
    a_unit_with_users_keeps_a_manager,
);
