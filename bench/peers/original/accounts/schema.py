import graphene
from graphql_auth import mutations
from graphql_auth.schema import MeQuery


class Query(MeQuery, graphene.ObjectType):
    pass


class Mutation(graphene.ObjectType):
    token_auth = mutations.ObtainJSONWebToken.Field()


schema = graphene.Schema(query=Query, mutation=Mutation)
