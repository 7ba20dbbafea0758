"""The GraphQL schema: accounts by django-graphql-auth, and the part for working groups that tests use."""
import graphene
from graphene_django import DjangoObjectType
from graphql import GraphQLError
from graphql_auth import mutations
from graphql_auth.schema import MeQuery, UserQuery
from graphql_jwt.decorators import login_required, user_passes_test

from .models import (
    CustomUser,
    Institution,
    ResearchField,
    WorkingGroup,
    WorkingGroupJoinRequest,
)

representative_required = user_passes_test(
    lambda user: user.is_representative,
    exc=GraphQLError(
        "Only group representatives have permission to perform this action."
    ),
)


class UserType(DjangoObjectType):
    class Meta:
        model = CustomUser


class WorkingGroupType(DjangoObjectType):
    class Meta:
        model = WorkingGroup


class WorkingGroupJoinRequestType(DjangoObjectType):
    class Meta:
        model = WorkingGroupJoinRequest


class InstitutionType(DjangoObjectType):
    class Meta:
        model = Institution


class ResearchFieldType(DjangoObjectType):
    class Meta:
        model = ResearchField


class Query(UserQuery, MeQuery, graphene.ObjectType):
    workinggroups = graphene.List(WorkingGroupType)
    researchfields = graphene.List(ResearchFieldType)
    institutions = graphene.List(InstitutionType)
    workinggroup_users = graphene.List(UserType)
    join_requests = graphene.List(WorkingGroupJoinRequestType)

    @login_required
    def resolve_workinggroups(self, info):
        return WorkingGroup.objects.filter(is_public=True)

    @login_required
    @representative_required
    def resolve_workinggroup_users(self, info):
        group = info.context.user.working_group
        return CustomUser.objects.filter(working_group__id=group.id)

    @login_required
    @representative_required
    def resolve_join_requests(self, info):
        group = info.context.user.working_group
        return WorkingGroupJoinRequest.objects.filter(working_group__id=group.id)

    def resolve_institutions(self, info):
        return Institution.objects.all()

    def resolve_researchfields(self, info):
        return ResearchField.objects.all()


def only(queryset, message):
    """The first of a queryset, or a GraphQL error with that message."""
    rows = list(queryset[:1])
    if not rows:
        raise GraphQLError(message)
    return rows[0]


class JoinRequestInput(graphene.InputObjectType):
    workinggroup_id = graphene.String()


class CreateWorkingGroupInput(graphene.InputObjectType):
    name = graphene.String()
    institution_id = graphene.String(required=True)
    research_field_id = graphene.Int(required=True)
    n_employees = graphene.Int(required=True)
    is_public = graphene.Boolean(required=True)


class AnswerJoinRequestInput(graphene.InputObjectType):
    request_id = graphene.String(required=True)
    approve = graphene.Boolean()


class CreateWorkingGroup(graphene.Mutation):
    class Arguments:
        input = CreateWorkingGroupInput()

    success = graphene.Boolean()
    workinggroup = graphene.Field(WorkingGroupType)

    @staticmethod
    @login_required
    def mutate(root, info, input=None):
        user = info.context.user
        institution = only(
            Institution.objects.filter(id=input.institution_id),
            "Institution not found.",
        )
        field = only(
            ResearchField.objects.filter(id=input.research_field_id),
            "Research field is invalid.",
        )
        if WorkingGroup.objects.filter(
            name=input.name, institution=institution
        ).exists():
            raise GraphQLError(
                "This working group cannot be created, because it already exists."
            )
        if user.is_representative:
            raise GraphQLError(
                "This user cannot create a new working group, since they are already"
                " the representative of another working group."
            )
        group = WorkingGroup(
            name=input.name,
            institution=institution,
            representative=user,
            field=field,
            n_employees=input.n_employees,
            is_public=input.is_public,
        )
        group.save()
        user.working_group = group
        user.is_representative = True
        user.save()
        return CreateWorkingGroup(success=True, workinggroup=group)


class AnswerJoinRequest(graphene.Mutation):
    class Arguments:
        input = AnswerJoinRequestInput()

    success = graphene.Boolean()
    requesting_user = graphene.Field(UserType)

    @staticmethod
    @login_required
    @representative_required
    def mutate(root, info, input=None):
        request = only(
            WorkingGroupJoinRequest.objects.filter(id=input.request_id),
            "Join request not found.",
        )
        if info.context.user.working_group != request.working_group:
            raise GraphQLError(
                "You are not authorized to answer this join request, because you are"
                " not the representative of the %s." % request.working_group.name
            )
        asking = request.user
        if input.approve:
            asking.working_group = request.working_group
            asking.save()
            request.status = "Approved"
            request.save()
            asking.full_clean()
        else:
            request.status = "Declined"
            request.save()
        return AnswerJoinRequest(success=True, requesting_user=asking)


class RequestJoinWorkingGroup(graphene.Mutation):
    class Arguments:
        input = JoinRequestInput()

    success = graphene.Boolean()
    join_request = graphene.Field(WorkingGroupJoinRequestType)

    @staticmethod
    @login_required
    def mutate(root, info, input=None):
        user = info.context.user
        group = only(
            WorkingGroup.objects.filter(id=input.workinggroup_id),
            "Working group not found.",
        )
        request = WorkingGroupJoinRequest(
            user=user, working_group=group, status="Pending"
        )
        request.save()
        return RequestJoinWorkingGroup(success=True, join_request=request)


ACCOUNT_MUTATIONS = {
    "register": "Register",
    "verify_account": "VerifyAccount",
    "resend_activation_email": "ResendActivationEmail",
    "send_password_reset_email": "SendPasswordResetEmail",
    "password_reset": "PasswordReset",
    "password_set": "PasswordSet",
    "archive_account": "ArchiveAccount",
    "delete_account": "DeleteAccount",
    "password_change": "PasswordChange",
    "update_account": "UpdateAccount",
    "send_secondary_email_activation": "SendSecondaryEmailActivation",
    "verify_secondary_email": "VerifySecondaryEmail",
    "swap_emails": "SwapEmails",
    "remove_secondary_email": "RemoveSecondaryEmail",
    "token_auth": "ObtainJSONWebToken",
    "verify_token": "VerifyToken",
    "refresh_token": "RefreshToken",
    "revoke_token": "RevokeToken",
}

fields = {
    name: getattr(mutations, cls).Field() for name, cls in ACCOUNT_MUTATIONS.items()
}
fields.update(
    create_working_group=CreateWorkingGroup.Field(),
    request_join_working_group=RequestJoinWorkingGroup.Field(),
    answer_join_request=AnswerJoinRequest.Field(),
)
Mutation = type("Mutation", (graphene.ObjectType,), fields)
schema = graphene.Schema(query=Query, mutation=Mutation)
