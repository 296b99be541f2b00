//! The holders of accounts: their profiles, read and edited.

use palisade_model::{TimeZoneCode, UserEdit, UserProfile};

use crate::asset_group::assign_only;
use crate::error::Result;
use crate::row::Read;
use crate::store::{Store, expect_rows};

impl Store {
    /// Changes what `edit` names and leaves the rest; with `asset_groups` also replaces the groups
    /// that are assigned. [`crate::Error::Conflict`] when one of those is gone. The account must be
    /// there.
    pub async fn edit_user(&self, id: i64, edit: &UserEdit, asset_groups: Option<&[i64]>) -> Result<()> {
        let UserEdit {
            first_name,
            last_name,
            email,
            external_id,
            title,
            phone,
            fax,
            address1,
            address2,
            city,
            country,
            state,
            zip_code,
            time_zone,
            interface_style,
        } = edit;
        let mut write = self.write().await?;
        // Whoever edits the same user, or the groups, waits.
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let done = sqlx::query(
            "UPDATE users SET
                 first_name = COALESCE($2, first_name), last_name = COALESCE($3, last_name),
                 email = COALESCE($4, email), external_id = COALESCE($5, external_id),
                 title = COALESCE($6, title), phone = COALESCE($7, phone), fax = COALESCE($8, fax),
                 address1 = COALESCE($9, address1), address2 = COALESCE($10, address2),
                 city = COALESCE($11, city), country = COALESCE($12, country),
                 state = COALESCE($13, state), zip_code = COALESCE($14, zip_code),
                 time_zone_code = COALESCE($15, time_zone_code),
                 ui_interface_style = COALESCE($16, ui_interface_style)
             WHERE id = $1",
        )
        .bind(id)
        .bind(first_name.clone())
        .bind(last_name.clone())
        .bind(email.clone())
        .bind(external_id.clone())
        .bind(title.clone())
        .bind(phone.clone())
        .bind(fax.clone())
        .bind(address1.clone())
        .bind(address2.clone())
        .bind(city.clone())
        .bind(country.clone())
        .bind(state.clone())
        .bind(zip_code.clone())
        .bind(time_zone.map(time_zone_text))
        .bind(interface_style.map(|style| style.to_string()))
        .execute(write.connection())
        .await?;
        expect_rows(1, done.rows_affected())?;
        if let Some(groups) = asset_groups {
            assign_only(&mut write, id, groups).await?;
        }
        write.commit().await
    }
}

/// The column's text: empty for no zone.
pub(crate) fn time_zone_text(zone: Option<TimeZoneCode>) -> String {
    zone.map(|code| code.to_string()).unwrap_or_default()
}

pub(crate) fn read_profile(read: &Read<'_>) -> Result<UserProfile> {
    let time_zone =
        if read.text("time_zone_code")?.is_empty() { None } else { Some(read.word("time_zone_code")?) };
    Ok(UserProfile {
        external_id: read.text("external_id")?,
        title: read.text("title")?,
        phone: read.text("phone")?,
        fax: read.text("fax")?,
        company: read.text("company")?,
        address1: read.text("address1")?,
        address2: read.text("address2")?,
        city: read.text("city")?,
        country: read.text("country")?,
        state: read.text("state")?,
        zip_code: read.text("zip_code")?,
        time_zone,
        interface_style: read.word("ui_interface_style")?,
    })
}
