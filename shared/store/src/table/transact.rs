//! Transactions: all actions or none.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;

use super::{Condition, Table};
use crate::error::StoreError;
use crate::item::{Attributes, Item, key_attributes};
use crate::keys::Key;

/// One action of a transaction.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    Put(Item, Option<Condition>),
    Update {
        key: Key,
        expression: String,
        condition: Condition,
    },
    Delete(Key, Option<Condition>),
    Check(Key, Condition),
}

/// Why a transaction was cancelled, one reason for each action in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cancelled {
    /// This action was not to blame.
    Fine,
    /// Its condition did not hold; the item as it stands, if there is one.
    Condition(Option<Attributes>),
    /// Another transaction had the item, or the store was busy.
    Busy,
    /// The store takes the action never.
    Invalid,
}

/// What a transaction came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Transacted {
    Done,
    Cancelled(Vec<Cancelled>),
    /// The request as a whole was refused as invalid: too large, or one item twice.
    Invalid,
}

impl Table {
    /// Writes all actions or none. Conflicts are an answer, not an error: see [`Cancelled::Busy`].
    pub(crate) async fn transact(&self, actions: &[Action]) -> Result<Transacted, StoreError> {
        let items = actions.iter().map(|a| self.action(a)).collect::<Result<Vec<_>, _>>()?;
        match self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .send()
            .await
        {
            Ok(_) => Ok(Transacted::Done),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let reasons = cancelled.cancellation_reasons();
                    Ok(Transacted::Cancelled(
                        (0..actions.len()).map(|at| reason(reasons.get(at))).collect(),
                    ))
                }
                _ if error.code() == Some("ValidationException") => Ok(Transacted::Invalid),
                _ => Err(StoreError::from_sdk("write a transaction", error)),
            },
        }
    }

    fn action(&self, action: &Action) -> Result<TransactWriteItem, StoreError> {
        const OPERATION: &str = "build a transaction";
        let invalid = |e: aws_sdk_dynamodb::error::BuildError| StoreError::corrupt(OPERATION, e);
        let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
        let item = TransactWriteItem::builder();
        let item = match action {
            Action::Put(value, condition) => {
                let condition = condition.clone().unwrap_or_default();
                let put = Put::builder()
                    .table_name(&self.name)
                    .set_item(Some(value.clone().into_attributes()))
                    .set_condition_expression((!condition.expression.is_empty()).then(|| condition.expression.clone()))
                    .set_expression_attribute_names(condition.names())
                    .set_expression_attribute_values(condition.values())
                    .return_values_on_condition_check_failure(all_old);
                item.put(put.build().map_err(invalid)?)
            }
            Action::Update {
                key,
                expression,
                condition,
            } => {
                let update = Update::builder()
                    .table_name(&self.name)
                    .set_key(Some(key_attributes(key)))
                    .update_expression(expression)
                    .set_condition_expression((!condition.expression.is_empty()).then(|| condition.expression.clone()))
                    .set_expression_attribute_names(condition.names())
                    .set_expression_attribute_values(condition.values())
                    .return_values_on_condition_check_failure(all_old);
                item.update(update.build().map_err(invalid)?)
            }
            Action::Delete(key, condition) => {
                let condition = condition.clone().unwrap_or_default();
                let delete = Delete::builder()
                    .table_name(&self.name)
                    .set_key(Some(key_attributes(key)))
                    .set_condition_expression((!condition.expression.is_empty()).then(|| condition.expression.clone()))
                    .set_expression_attribute_names(condition.names())
                    .set_expression_attribute_values(condition.values())
                    .return_values_on_condition_check_failure(all_old);
                item.delete(delete.build().map_err(invalid)?)
            }
            Action::Check(key, condition) => {
                let check = ConditionCheck::builder()
                    .table_name(&self.name)
                    .set_key(Some(key_attributes(key)))
                    .condition_expression(&condition.expression)
                    .set_expression_attribute_names(condition.names())
                    .set_expression_attribute_values(condition.values())
                    .return_values_on_condition_check_failure(all_old);
                item.condition_check(check.build().map_err(invalid)?)
            }
        };
        Ok(item.build())
    }
}

fn reason(reason: Option<&CancellationReason>) -> Cancelled {
    match reason.and_then(|r| r.code()) {
        None | Some("None") => Cancelled::Fine,
        Some("ConditionalCheckFailed") => {
            Cancelled::Condition(reason.and_then(|r| r.item.clone()).filter(|i| !i.is_empty()))
        }
        Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded") => Cancelled::Busy,
        Some(_) => Cancelled::Invalid,
    }
}
